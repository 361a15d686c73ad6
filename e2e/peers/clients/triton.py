"""Calls a processor with tritonclient. usage: python triton.py HOST:PORT MODEL; prints one JSON object of what was answered."""
import hashlib
import itertools
import json
import sys

import numpy
import tritonclient.http as http
from tritonclient.utils import InferenceServerException

url, model = sys.argv[1:]
client = http.InferenceServerClient(url, concurrency=4)
pixels = (numpy.arange(8 * 6 * 3) % 251).astype(numpy.uint8).reshape(1, 6, 8, 3)


def tensor(binary=True, array=pixels, datatype="UINT8", name="image"):
    return http.InferInput(name, array.shape, datatype).set_data_from_numpy(array, binary_data=binary)


def seen(result):
    array = result.as_numpy("doubled")
    return f"{array.dtype} {list(array.shape)} {hashlib.sha256(array.tobytes()).hexdigest()}"


def error(call):
    try:
        call()
    except InferenceServerException as exception:
        return {"status": exception.status(), "message": exception.message()}
    return None


def counted():
    return client.get_inference_statistics(model)["model_stats"][0]["inference_stats"]["success"]["count"]


before = counted()
ways = {}
for binary, output, request, response in itertools.product(
    (True, False), (True, False), (None, "gzip", "deflate"), (None, "gzip", "deflate")
):
    ways[f"{binary} {output} {request} {response}"] = seen(
        client.infer(
            model,
            [tensor(binary)],
            outputs=[http.InferRequestedOutput("doubled", binary_data=output)],
            request_compression_algorithm=request,
            response_compression_algorithm=response,
        )
    )
pending = [client.async_infer(model, [tensor()], request_id=str(number)) for number in range(8)]
answers = [call.get_result() for call in pending]
after = counted()
print(
    json.dumps(
        {
            "live": client.is_server_live(),
            "ready": client.is_server_ready(),
            "modelReady": client.is_model_ready(model, "1"),
            "otherReady": client.is_model_ready("other"),
            "server": client.get_server_metadata()["name"],
            "inputs": client.get_model_metadata(model)["inputs"],
            "config": client.get_model_config(model)["name"],
            "index": [entry["state"] for entry in client.get_model_repository_index()],
            "ways": ways,
            "ids": [answer.get_response()["id"] for answer in answers],
            "async": [seen(answer) for answer in answers],
            "version": seen(client.infer(model, [tensor()], model_version="1")),
            "allCounted": after - before == len(ways) + len(answers),
            "errors": {
                "unknown model": error(lambda: client.infer("other", [tensor()])),
                "wrong name": error(lambda: client.infer(model, [tensor(name="picture")])),
                "wrong type": error(lambda: client.infer(model, [tensor(array=pixels.astype(numpy.float32), datatype="FP32")])),
                "wrong shape": error(lambda: client.infer(model, [tensor(array=pixels.reshape(1, 6, 24))])),
                "shared memory": error(lambda: client.get_system_shared_memory_status()),
            },
        }
    )
)
