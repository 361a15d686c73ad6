/** Mocha's spec reporter, closed by one line that any tool can read: `N passed, N failed, N skipped`. */
import Mocha from "mocha";

class TotalsReporter extends Mocha.reporters.Spec {
  override done(failures: number, end?: (failures: number) => void): void {
    const { passes, pending } = this.stats;
    process.stdout.write(`${passes} passed, ${failures} failed, ${pending} skipped\n`);
    end?.(failures);
  }
}

// Mocha looks for the reporter class in the default export.
export { TotalsReporter as default };
