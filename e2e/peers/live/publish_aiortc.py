"""Publishes video by WHIP with aiortc, and watches what comes out by WHEP. Usage: publish_aiortc.py URL STREAM FRAMES

Prints JSON: the size of the frames that came back, and the mean of their luma.
"""

import asyncio
import json
import sys
import urllib.request

import numpy
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription, VideoStreamTrack
from av import VideoFrame

url, stream, wanted = sys.argv[1], sys.argv[2], int(sys.argv[3])


class Grey(VideoStreamTrack):
    """Frames of 320x240 in one grey, at the track's 30 per second."""

    async def recv(self):
        frame = VideoFrame.from_ndarray(numpy.full((240, 320, 3), 180, numpy.uint8), format="rgb24")
        frame.pts, frame.time_base = await self.next_timestamp()
        return frame


def post(path, offer):
    request = urllib.request.Request(
        url + path, data=offer.encode(), headers={"content-type": "application/sdp"}, method="POST"
    )
    with urllib.request.urlopen(request) as response:
        return response.headers["location"], response.read().decode()


async def offer(connection, path):
    await connection.setLocalDescription(await connection.createOffer())
    location, answer = await asyncio.to_thread(post, path, connection.localDescription.sdp)
    await connection.setRemoteDescription(RTCSessionDescription(answer, "answer"))
    return location


async def main():
    # Without servers: the processor is reached directly.
    configuration = RTCConfiguration(iceServers=[])
    publisher, viewer = RTCPeerConnection(configuration), RTCPeerConnection(configuration)
    publisher.addTrack(Grey())
    locations = [await offer(publisher, f"/v1/whip/{stream}")]
    viewer.addTransceiver("video", direction="recvonly")
    tracks = asyncio.Queue()
    viewer.on("track", tracks.put_nowait)
    locations.append(await offer(viewer, f"/v1/whep/{stream}"))
    track = await tracks.get()
    for _ in range(wanted):
        frame = await track.recv()
    luma = frame.to_ndarray(format="gray")
    print(json.dumps({"size": [frame.width, frame.height], "luma": round(float(luma.mean()))}))
    # The viewer first: it ends with its publisher.
    for location in reversed(locations):
        request = urllib.request.Request(url + location, method="DELETE")
        await asyncio.to_thread(lambda: urllib.request.urlopen(request).close())
    await publisher.close()
    await viewer.close()


asyncio.run(main())
