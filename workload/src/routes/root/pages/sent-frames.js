// A worker through which encoded frames pass, unchanged: it reports when each was encoded.

self.addEventListener("rtctransform", ({ transformer }) => {
  const report = new TransformStream({
    transform(frame, controller) {
      const { rtpTimestamp } = frame.getMetadata();
      self.postMessage({ rtpTimestamp, at: performance.timeOrigin + performance.now() });
      controller.enqueue(frame);
    },
  });
  transformer.readable.pipeThrough(report).pipeTo(transformer.writable);
});
