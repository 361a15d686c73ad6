/** A package in an image, as in a bill of materials. */
export interface Component {
  readonly name: string;
  readonly version: string;
  /** https://github.com/package-url/purl-spec */
  readonly purl: string;
  /** An SPDX expression, if the package has one. */
  readonly license?: string;
}

export function npmComponent(name: string, version: string, license?: string): Component {
  const path = name.split("/").map(encodeURIComponent).join("/");
  return { name, version, purl: `pkg:npm/${path}@${version}`, ...(license === undefined ? {} : { license }) };
}
