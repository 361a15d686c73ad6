/* NVML calls about the library, the driver and the list of devices. */
#include "state.h"
#include <stdio.h>
#include <string.h>
#pragma GCC visibility push(default)

/* One row per GPU: the GPU itself, then its MIG devices. */
static struct device devices[MOST_GPUS][1 + MOST_MIG_DEVICES];

static nvmlDevice_t device_at(unsigned gpu, int mig) {
  nvmlDevice_t device = &devices[gpu][1 + mig];
  *device = (struct device){gpu, mig};
  return device;
}

int nvmlInit_v2(void) { return initialise(__func__); }
int nvmlInitWithFlags(unsigned flags) {
  (void)flags;
  return initialise("nvmlInit_v2");
}
int nvmlShutdown(void) { return shut_down(__func__); }
const char *nvmlErrorString(int code) { return error_string(code); }

static int system_text(const char *function, const char *key, char *buffer, unsigned length) {
  int code = begin(function, NULL);
  if (code != NVML_SUCCESS) return end(code);
  const char *text = system_line(key);
  if (!text) return end(NVML_ERROR_NOT_SUPPORTED);
  if (strlen(text) >= length) return end(NVML_ERROR_INSUFFICIENT_SIZE);
  strcpy(buffer, text);
  return end(NVML_SUCCESS);
}

int nvmlSystemGetDriverVersion(char *version, unsigned length) {
  return system_text(__func__, "driver-version", version, length);
}
int nvmlSystemGetNVMLVersion(char *version, unsigned length) {
  return system_text(__func__, "nvml-version", version, length);
}
/* 13.1 is 13010; in NVML it reads libcuda.so.1, so it also works before nvmlInit. */
int nvmlSystemGetCudaDriverVersion_v2(int *version) {
  int code = begin(__func__, NULL), major, minor;
  if (code != NVML_SUCCESS && code != NVML_ERROR_UNINITIALIZED) return end(code);
  const char *text = system_line("cuda-version");
  if (!text || sscanf(text, "%d.%d", &major, &minor) != 2) return end(NVML_ERROR_NOT_SUPPORTED);
  *version = major * 1000 + minor * 10;
  return end(NVML_SUCCESS);
}
int nvmlSystemGetCudaDriverVersion(int *version) { return nvmlSystemGetCudaDriverVersion_v2(version); }

int nvmlDeviceGetCount_v2(unsigned *count) {
  int code = begin(__func__, NULL);
  if (code == NVML_SUCCESS) *count = gpu_count();
  return end(code);
}

int nvmlDeviceGetHandleByIndex_v2(unsigned index, nvmlDevice_t *device) {
  nvmlDevice_t requested = index < MOST_GPUS ? device_at(index, -1) : NULL;
  int code = begin(__func__, requested);
  if (code != NVML_SUCCESS) return end(code);
  if (index >= gpu_count()) return end(NVML_ERROR_INVALID_ARGUMENT);
  *device = requested;
  return end(NVML_SUCCESS);
}

int nvmlDeviceGetHandleByUUID(const char *uuid, nvmlDevice_t *device) {
  int code = begin(__func__, NULL);
  if (code != NVML_SUCCESS) return end(code);
  for (unsigned gpu = 0; gpu < gpu_count(); gpu++) {
    for (int mig = -1; mig < MOST_MIG_DEVICES; mig++) {
      char found[96];
      nvmlDevice_t candidate = device_at(gpu, mig);
      if (text_of(candidate, "uuid", found, sizeof found) != NVML_SUCCESS || strcmp(found, uuid) != 0) continue;
      *device = candidate;
      return end(NVML_SUCCESS);
    }
  }
  return end(NVML_ERROR_NOT_FOUND);
}

int nvmlDeviceGetIndex(nvmlDevice_t device, unsigned *index) {
  int code = begin(__func__, device);
  if (code == NVML_SUCCESS) *index = device->mig < 0 ? device->gpu : (unsigned)device->mig;
  return end(code);
}
int nvmlDeviceGetMinorNumber(nvmlDevice_t device, unsigned *minor) {
  int code = begin(__func__, device);
  if (code == NVML_SUCCESS) *minor = device->gpu;
  return end(code);
}

/* MIG is enabled if the file has MIG devices or `mig-enabled 1`; without either, the GPU does not support it. */
int nvmlDeviceGetMigMode(nvmlDevice_t device, unsigned *current, unsigned *pending) {
  int code = begin(__func__, device);
  if (code != NVML_SUCCESS) return end(code);
  u64 enabled;
  if (exists(device_at(device->gpu, 0))) enabled = 1;
  else if ((code = number_of(device, "mig-enabled", &enabled)) != NVML_SUCCESS) return end(code);
  *current = *pending = enabled != 0;
  return end(NVML_SUCCESS);
}
int nvmlDeviceGetMaxMigDeviceCount(nvmlDevice_t device, unsigned *count) {
  unsigned current, pending;
  *count = nvmlDeviceGetMigMode(device, &current, &pending) == NVML_SUCCESS && current ? MOST_MIG_DEVICES : 0;
  return end(begin(__func__, device));
}
int nvmlDeviceGetMigDeviceHandleByIndex(nvmlDevice_t device, unsigned index, nvmlDevice_t *mig) {
  nvmlDevice_t requested = index < MOST_MIG_DEVICES ? device_at(device->gpu, (int)index) : NULL;
  int code = begin(__func__, requested);
  if (code != NVML_SUCCESS) return end(code);
  if (!requested || !exists(requested)) return end(NVML_ERROR_NOT_FOUND);
  *mig = requested;
  return end(NVML_SUCCESS);
}
int nvmlDeviceIsMigDeviceHandle(nvmlDevice_t device, unsigned *is_mig) {
  *is_mig = device->mig >= 0;
  return end(begin(__func__, device));
}
int nvmlDeviceGetDeviceHandleFromMigDeviceHandle(nvmlDevice_t mig, nvmlDevice_t *device) {
  int code = begin(__func__, mig);
  if (code == NVML_SUCCESS && mig->mig < 0) code = NVML_ERROR_INVALID_ARGUMENT;
  if (code == NVML_SUCCESS) *device = device_at(mig->gpu, -1);
  return end(code);
}
