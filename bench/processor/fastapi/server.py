"""The server in the guide: FastAPI and uvicorn, with the settings of its section "FastAPI Performance".

Decodes, infers and encodes in a pool with one thread per core; each is one C call that releases the GIL.
usage: server.py MODEL PORT
"""

import asyncio
import os
import sys
from concurrent.futures import ThreadPoolExecutor

import onnxruntime
import simplejpeg
import uvicorn
from fastapi import FastAPI, Request, Response

model, port = sys.argv[1], int(sys.argv[2])

options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
options.inter_op_num_threads = 1
session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
input_name = session.get_inputs()[0].name
pool = ThreadPoolExecutor(max_workers=len(os.sched_getaffinity(0)))
app = FastAPI(openapi_url=None)


def process(body: bytes) -> bytes:
    picture = simplejpeg.decode_jpeg(body, "RGB", fastdct=True)
    (output,) = session.run(None, {input_name: picture[None]})
    return simplejpeg.encode_jpeg(output[0], quality=85, colorspace="RGB", colorsubsampling="420", fastdct=True)


@app.post("/v1/process")
async def process_picture(request: Request) -> Response:
    body = await request.body()
    result = await asyncio.get_running_loop().run_in_executor(pool, process, body)
    return Response(result, media_type="image/jpeg")


@app.get("/livez")
async def livez() -> Response:
    return Response("ok")


uvicorn.run(
    app,
    host="127.0.0.1",
    port=port,
    workers=1,
    loop="uvloop",
    http="httptools",
    access_log=False,
    server_header=False,
    log_level="warning",
)
