#!/usr/bin/env bash
# onnxruntime-node 1.30.0 on Node 24: a float16 output is a Float16Array, and that same array is refused as an input ("not enough space:
# expected 24, got 0"). The bits as a Uint16Array go in once the tensor's `data` returns them: its constructor turns a Uint16Array into a
# Float16Array where Node has one.
# Exits with 1 when this changes. Needs Node 24, npm and Python 3 with pip.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q onnx==1.23.2
ONNXRUNTIME_NODE_INSTALL=skip npm install --silent --no-audit --no-fund onnxruntime-node@1.30.0
venv/bin/python - <<'PYTHON'
import onnx
from onnx import helper, TensorProto
half = lambda name: helper.make_tensor_value_info(name, TensorProto.FLOAT16, ["n"])
graph = helper.make_graph([helper.make_node("Add", ["input", "input"], ["output"])], "twice", [half("input")], [half("output")])
onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9), "half.onnx")
PYTHON
cat >try.cjs <<'NODE'
const ort = require("onnxruntime-node");
const numbers = Float16Array.from({ length: 12 }, (_, index) => index / 8);
const outcome = async (session, change) => {
  const input = new ort.Tensor("float16", numbers, [12]);
  change(input);
  try {
    const { data } = (await session.run({ input })).output;
    return `${data.constructor.name} ${data[3]}`;
  } catch (error) {
    return error.message;
  }
};
ort.InferenceSession.create("half.onnx").then(async (session) => {
  const bits = new Uint16Array(numbers.buffer);
  const seen = {
    "Float16Array": await outcome(session, () => {}),
    "its bits as data": await outcome(session, (input) => Object.defineProperty(input, "data", { value: bits })),
  };
  console.log(`Node ${process.version}, onnxruntime-node ${require("onnxruntime-node/package.json").version}`);
  console.log(seen);
  const expected = { "Float16Array": "not enough space: expected 24, got 0", "its bits as data": "Float16Array 0.75" };
  process.exitCode = JSON.stringify(seen) === JSON.stringify(expected) ? 0 : 1;
});
NODE
node try.cjs
