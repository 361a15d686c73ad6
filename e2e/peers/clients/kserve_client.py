"""Calls a processor with KServe's SDK. usage: python kserve_client.py HOST:PORT MODEL; prints one JSON object of what was answered."""
import asyncio
import hashlib
import json
import sys

import httpx
import numpy
from kserve import InferenceRESTClient, InferInput, InferRequest, RESTConfig
from kserve.protocol.infer_type import RequestedOutput

address, model = sys.argv[1:]
url = f"http://{address}"
pixels = (numpy.arange(8 * 6 * 3) % 251).astype(numpy.uint8).reshape(1, 6, 8, 3)


def asked(binary, outputs=None, name=model, request_id="7", array=pixels, datatype="UINT8"):
    image = InferInput("image", list(array.shape), datatype)
    image.set_data_from_numpy(array, binary_data=binary)
    named = None if outputs is None else [RequestedOutput(output, {"binary_data": binary}) for output in outputs]
    return InferRequest(model_name=name, infer_inputs=[image], request_id=request_id, request_outputs=named)


def seen(response):
    array = response.outputs[0].as_numpy()
    return f"{array.dtype} {list(array.shape)} {hashlib.sha256(array.tobytes()).hexdigest()}"


async def error(call):
    try:
        await call
    except httpx.HTTPStatusError as exception:
        return {"status": exception.response.status_code, "message": exception.response.json()["error"]}
    return None


async def main():
    client = InferenceRESTClient(RESTConfig(protocol="v2", retries=0))
    cases = {
        f"{binary} {outputs}": asked(binary, outputs) for binary in (True, False) for outputs in (None, [], ["doubled"])
    }
    cases["no id"] = asked(True, request_id=None)
    answers = {case: await client.infer(url, request, model_name=model) for case, request in cases.items()}
    print(
        json.dumps(
            {
                "live": await client.is_server_live(url),
                "ready": await client.is_server_ready(url),
                "modelReady": await client.is_model_ready(url, model),
                "otherReady": await client.is_model_ready(url, "other"),
                "ways": {case: seen(answer) for case, answer in answers.items()},
                "ids": [answers["True None"].id, answers["no id"].id is not None],
                "errors": {
                    "unknown model": await error(client.infer(url, asked(True, name="other"), model_name="other")),
                    "wrong type": await error(client.infer(url, asked(True, array=pixels.astype(numpy.float32), datatype="FP32"), model_name=model)),
                },
            }
        )
    )
    await client.close()


asyncio.run(main())
