import assert from "node:assert/strict";
import { dnsPeers, Peers, type Peer } from "./peer-pods.ts";

const [own, first, second] = ["0000000000aa", "0000000000ab", "0000000000ac"].map((tag, index): Peer => ({
  tag,
  address: `10.0.0.${index}`,
  httpPort: 8080,
  udpPort: 8081,
})) as [Peer, Peer, Peer];

describe("the pods that a pod forwards to", () => {
  let nowMs = 0;
  let answer: readonly Peer[] | Error = [];
  let questions = 0;
  let peers: Peers;

  beforeEach(() => {
    nowMs = 0;
    questions = 0;
    answer = [own, first];
    peers = new Peers({
      ownTag: own.tag,
      now: () => nowMs,
      resolve: async () => {
        questions++;
        if (answer instanceof Error) throw answer;
        return answer;
      },
    });
  });

  it("are those that the name resolves to, without itself", async () => {
    assert.deepEqual(await peers.all(), [first]);
    assert.deepEqual(
      [await peers.look(first.tag), await peers.look(own.tag), await peers.look("x")],
      [first, undefined, undefined],
    );
  });

  it("are no longer those that have gone, nor those of an answer that is old", async () => {
    await peers.all();
    answer = [own, second];
    nowMs = 1001;
    assert.deepEqual([await peers.look(first.tag), peers.find(second.tag)], [undefined, second]);
    nowMs = 7000;
    assert.equal(peers.find(second.tag), undefined);
    // The next packet finds it.
    await peers.all();
    assert.equal(peers.find(second.tag), second);
  });

  it("are asked for once a second at most, however many packets come", async () => {
    for (let packet = 0; packet < 50; packet++) peers.find(`${packet}`);
    await peers.all();
    assert.equal(questions, 1);
    nowMs = 1001;
    await Promise.all([peers.look("a"), peers.look("b")]);
    assert.equal(questions, 2);
  });

  it("remain for half a minute while DNS does not answer", async () => {
    await peers.all();
    answer = new Error("EAI_AGAIN");
    nowMs = 29_000;
    assert.deepEqual(await peers.look(first.tag), first);
    nowMs = 30_001;
    assert.equal(await peers.look(first.tag), undefined);
  });

  it("are never this machine itself, whatever the name resolves to", async () => {
    assert.deepEqual(await dnsPeers({ name: "localhost", httpPort: 8080, udpPort: 8080 })(), []);
  });
});
