/* NVML calls that read one device's figures, from one or a few lines of the file each. */
#include "state.h"
#include <stdio.h>
#include <string.h>
#pragma GCC visibility push(default)

static int one_number(const char *function, nvmlDevice_t device, const char *figure, unsigned *value) {
  u64 number = 0;
  int code = begin(function, device);
  if (code == NVML_SUCCESS) code = number_of(device, figure, &number);
  if (code == NVML_SUCCESS) *value = (unsigned)number;
  return end(code);
}

static int one_text(const char *function, nvmlDevice_t device, const char *figure, char *buffer, unsigned length) {
  int code = begin(function, device);
  if (code == NVML_SUCCESS) code = text_of(device, figure, buffer, length);
  return end(code);
}

int nvmlDeviceGetUUID(nvmlDevice_t device, char *uuid, unsigned length) {
  return one_text(__func__, device, "uuid", uuid, length);
}
int nvmlDeviceGetName(nvmlDevice_t device, char *name, unsigned length) {
  return one_text(__func__, device, "name", name, length);
}

static int total_and_used(nvmlDevice_t device, const char *total, const char *used, nvmlMemory_t *memory) {
  int code = number_of(device, total, &memory->total);
  if (code == NVML_SUCCESS) code = number_of(device, used, &memory->used);
  if (code == NVML_SUCCESS) memory->free = memory->total - memory->used;
  return code;
}

/* Version 1 counts memory reserved by the driver as used, version 2 separately. */
int nvmlDeviceGetMemoryInfo(nvmlDevice_t device, nvmlMemory_t *memory) {
  u64 reserved = 0;
  int code = begin(__func__, device);
  if (code == NVML_SUCCESS) code = total_and_used(device, "memory-total-bytes", "memory-used-bytes", memory);
  if (code == NVML_SUCCESS && number_of(device, "memory-reserved-bytes", &reserved) == NVML_SUCCESS) {
    memory->used += reserved;
    memory->free -= reserved;
  }
  return end(code);
}
#ifndef OLDER_DRIVER
int nvmlDeviceGetMemoryInfo_v2(nvmlDevice_t device, nvmlMemory_v2_t *memory) {
  nvmlMemory_t plain = {0};
  int code = begin(__func__, device);
  if (code == NVML_SUCCESS && memory->version != (sizeof *memory | 2 << 24)) code = NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
  if (code == NVML_SUCCESS) code = total_and_used(device, "memory-total-bytes", "memory-used-bytes", &plain);
  if (code != NVML_SUCCESS) return end(code);
  memory->reserved = 0;
  number_of(device, "memory-reserved-bytes", &memory->reserved);
  memory->total = plain.total;
  memory->used = plain.used;
  memory->free = plain.free - memory->reserved;
  return end(NVML_SUCCESS);
}
#endif
int nvmlDeviceGetBAR1MemoryInfo(nvmlDevice_t device, nvmlMemory_t *memory) {
  int code = begin(__func__, device);
  if (code == NVML_SUCCESS) code = total_and_used(device, "bar1-total-bytes", "bar1-used-bytes", memory);
  return end(code);
}
int nvmlDeviceGetConfComputeProtectedMemoryUsage(nvmlDevice_t device, nvmlMemory_t *memory) {
  int code = begin(__func__, device);
  if (code == NVML_SUCCESS) code = total_and_used(device, "protected-total-bytes", "protected-used-bytes", memory);
  return end(code);
}

int nvmlDeviceGetUtilizationRates(nvmlDevice_t device, nvmlUtilization_t *utilization) {
  u64 gpu = 0, memory = 0;
  int code = begin(__func__, device);
  if (code == NVML_SUCCESS) code = number_of(device, "utilization-percent", &gpu);
  if (code == NVML_SUCCESS) code = number_of(device, "memory-utilization-percent", &memory);
  if (code == NVML_SUCCESS) *utilization = (nvmlUtilization_t){(unsigned)gpu, (unsigned)memory};
  return end(code);
}

#define SAMPLING_PERIOD_US 167000
#define ENGINE(function, figure)                                              \
  int function(nvmlDevice_t device, unsigned *utilization, unsigned *period) { \
    *period = SAMPLING_PERIOD_US;                                             \
    return one_number(__func__, device, figure, utilization);                 \
  }
ENGINE(nvmlDeviceGetEncoderUtilization, "encoder-percent")
ENGINE(nvmlDeviceGetDecoderUtilization, "decoder-percent")
ENGINE(nvmlDeviceGetJpgUtilization, "jpeg-percent")
ENGINE(nvmlDeviceGetOfaUtilization, "ofa-percent")

int nvmlDeviceGetTemperature(nvmlDevice_t device, unsigned sensor, unsigned *celsius) {
  if (sensor != 0) return NVML_ERROR_INVALID_ARGUMENT;
  return one_number(__func__, device, "temperature-celsius", celsius);
}
int nvmlDeviceGetTemperatureV(nvmlDevice_t device, nvmlTemperature_v1_t *temperature) {
  if (temperature->version != (sizeof *temperature | 1 << 24)) return NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
  return one_number(__func__, device, "temperature-celsius", (unsigned *)&temperature->celsius);
}
int nvmlDeviceGetPowerUsage(nvmlDevice_t device, unsigned *milliwatts) {
  return one_number(__func__, device, "power-milliwatts", milliwatts);
}
int nvmlDeviceGetEnforcedPowerLimit(nvmlDevice_t device, unsigned *milliwatts) {
  return one_number(__func__, device, "power-limit-milliwatts", milliwatts);
}

static int event_reasons(const char *function, nvmlDevice_t device, u64 *mask) {
  int code = begin(function, device);
  if (code == NVML_SUCCESS) code = number_of(device, "clocks-event-reasons", mask);
  return end(code);
}
#ifndef OLDER_DRIVER
int nvmlDeviceGetCurrentClocksEventReasons(nvmlDevice_t device, u64 *mask) {
  return event_reasons(__func__, device, mask);
}
#endif
int nvmlDeviceGetCurrentClocksThrottleReasons(nvmlDevice_t device, u64 *mask) {
  return event_reasons(__func__, device, mask);
}

/* nvmlClockType_t: 0 graphics, 1 SM, 2 memory, 3 video */
int nvmlDeviceGetClockInfo(nvmlDevice_t device, unsigned type, unsigned *mhz) {
  if (type > 3) return NVML_ERROR_INVALID_ARGUMENT;
  return one_number(__func__, device, type == 2 ? "memory-clock-mhz" : "sm-clock-mhz", mhz);
}
/* nvmlPcieUtilCounter_t: 0 sent, 1 received */
int nvmlDeviceGetPcieThroughput(nvmlDevice_t device, unsigned counter, unsigned *kilobytes_per_second) {
  if (counter > 1) return NVML_ERROR_INVALID_ARGUMENT;
  return one_number(__func__, device, counter == 0 ? "pcie-tx-kilobytes" : "pcie-rx-kilobytes", kilobytes_per_second);
}

static const struct {
  unsigned field;
  const char *figure;
  unsigned type;
} fields[] = {
    {3, "ecc-corrected", VALUE_UNSIGNED_LONG_LONG},        /* NVML_FI_DEV_ECC_SBE_VOL_TOTAL */
    {4, "ecc-uncorrected", VALUE_UNSIGNED_LONG_LONG},      /* NVML_FI_DEV_ECC_DBE_VOL_TOTAL */
    {74, "power-violation-ns", VALUE_UNSIGNED_LONG_LONG},  /* NVML_FI_DEV_PERF_POLICY_POWER */
    {75, "thermal-violation-ns", VALUE_UNSIGNED_LONG_LONG}, /* NVML_FI_DEV_PERF_POLICY_THERMAL */
    {82, "memory-temperature-celsius", VALUE_UNSIGNED_INT}, /* NVML_FI_DEV_MEMORY_TEMP */
    {94, "pcie-replays", VALUE_UNSIGNED_INT},              /* NVML_FI_DEV_PCIE_REPLAY_COUNTER */
};

int nvmlDeviceGetFieldValues(nvmlDevice_t device, int count, nvmlFieldValue_t *values) {
  int code = begin(__func__, device);
  if (code != NVML_SUCCESS) return end(code);
  for (int i = 0; i < count; i++) {
    values[i].nvml_return = NVML_ERROR_NOT_SUPPORTED;
    for (size_t known = 0; known < sizeof fields / sizeof *fields; known++) {
      if (fields[known].field != values[i].field_id) continue;
      values[i].value_type = fields[known].type;
      values[i].nvml_return = (unsigned)number_of(device, fields[known].figure, &values[i].value.ull);
    }
  }
  return end(NVML_SUCCESS);
}

int nvmlDeviceGetComputeRunningProcesses_v3(nvmlDevice_t device, unsigned *count, nvmlProcessInfo_t *processes) {
  unsigned capacity = *count, found = 0;
  char figure[32], text[64];
  int code = begin(__func__, device);
  if (code != NVML_SUCCESS) return end(code);
  u64 instance = 0xFFFFFFFF, compute_instance = 0xFFFFFFFF;
  number_of(device, "gpu-instance", &instance);
  number_of(device, "compute-instance", &compute_instance);
  for (;; found++) {
    snprintf(figure, sizeof figure, "process.%u", found);
    if (text_of(device, figure, text, sizeof text) != NVML_SUCCESS) break;
    if (found >= capacity) continue;
    nvmlProcessInfo_t *process = &processes[found];
    *process = (nvmlProcessInfo_t){0, ~0ULL, (unsigned)instance, (unsigned)compute_instance};
    sscanf(text, "%u %llu", &process->pid, &process->used_gpu_memory);
  }
  *count = found;
  return end(found > capacity ? NVML_ERROR_INSUFFICIENT_SIZE : NVML_SUCCESS);
}

int nvmlDeviceGetGpuInstanceId(nvmlDevice_t device, unsigned *id) {
  return one_number(__func__, device, "gpu-instance", id);
}
int nvmlDeviceGetComputeInstanceId(nvmlDevice_t device, unsigned *id) {
  return one_number(__func__, device, "compute-instance", id);
}
