/* Reads the mock's file of `key value` lines, again whenever it changes. Thread-safe: one call at a time. */
#include "state.h"
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

struct line {
  const char *key, *value;
};
static struct {
  char *text;
  struct line *lines;
  size_t count;
  struct stat seen;
} file;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned initialised;

static const struct {
  int code;
  const char *name, *text;
} errors[] = {
    {0, "SUCCESS", "Success"},
    {1, "UNINITIALIZED", "Uninitialized"},
    {2, "INVALID_ARGUMENT", "Invalid Argument"},
    {3, "NOT_SUPPORTED", "Not Supported"},
    {4, "NO_PERMISSION", "Insufficient Permissions"},
    {6, "NOT_FOUND", "Not Found"},
    {7, "INSUFFICIENT_SIZE", "Insufficient Size"},
    {8, "INSUFFICIENT_POWER", "Insufficient External Power"},
    {9, "DRIVER_NOT_LOADED", "Driver Not Loaded"},
    {10, "TIMEOUT", "Timeout"},
    {11, "IRQ_ISSUE", "Interrupt Request Issue"},
    {12, "LIBRARY_NOT_FOUND", "NVML Shared Library Not Found"},
    {13, "FUNCTION_NOT_FOUND", "Function Not Found"},
    {14, "CORRUPTED_INFOROM", "Corrupted infoROM"},
    {15, "GPU_IS_LOST", "GPU is lost"},
    {16, "RESET_REQUIRED", "GPU requires restart"},
    {17, "OPERATING_SYSTEM", "The operating system has blocked the request."},
    {18, "LIB_RM_VERSION_MISMATCH", "RM has detected an NVML/RM version mismatch."},
    {19, "IN_USE", "In use by another client"},
    {20, "MEMORY", "Insufficient Memory"},
    {21, "NO_DATA", "No data"},
    {23, "INSUFFICIENT_RESOURCES", "Insufficient Resources"},
    {25, "ARGUMENT_VERSION_MISMATCH", "Version mismatch in the passed structure"},
    {27, "NOT_READY", "The system is not ready for the request"},
    {28, "GPU_NOT_FOUND", "No GPUs were found"},
    {999, "UNKNOWN", "Unknown Error"},
};

const char *error_string(int code) {
  for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
    if (errors[i].code == code) return errors[i].text;
  return "Unknown Error";
}

static int error_code(const char *name) {
  for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
    if (strcmp(errors[i].name, name) == 0) return errors[i].code;
  /* A misspelt error in a test's file must not count as success. */
  fprintf(stderr, "mock NVML: unknown error name \"%s\"\n", name);
  abort();
}

static void parse(char *text) {
  free(file.text);
  file.text = text;
  file.count = 0;
  for (char *rest = text, *line; (line = strsep(&rest, "\n"));) {
    char *value = strchr(line, ' ');
    if (*line == '#' || !value) continue;
    *value++ = 0;
    if (file.count % 64 == 0) file.lines = realloc(file.lines, (file.count + 64) * sizeof *file.lines);
    file.lines[file.count++] = (struct line){line, value};
  }
}

static int changed(const struct stat *now) {
  return now->st_ino != file.seen.st_ino || now->st_size != file.seen.st_size ||
         now->st_mtim.tv_sec != file.seen.st_mtim.tv_sec || now->st_mtim.tv_nsec != file.seen.st_mtim.tv_nsec;
}

/* Without the file, the driver is not loaded. */
static int reload(void) {
  const char *path = getenv("GPUMEDIA_NVML_MOCK");
  struct stat now;
  if (!path || stat(path, &now) != 0) return NVML_ERROR_DRIVER_NOT_LOADED;
  if (file.text && !changed(&now)) return NVML_SUCCESS;
  FILE *stream = fopen(path, "r");
  if (!stream) return NVML_ERROR_DRIVER_NOT_LOADED;
  fstat(fileno(stream), &now);
  char *text = calloc(1, (size_t)now.st_size + 1);
  size_t length = fread(text, 1, (size_t)now.st_size, stream);
  text[length] = 0;
  fclose(stream);
  parse(text);
  file.seen = now;
  return NVML_SUCCESS;
}

__attribute__((format(printf, 1, 2))) static const char *line_of(const char *format, ...) {
  char key[256];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(key, sizeof key, format, arguments);
  va_end(arguments);
  for (size_t i = 0; i < file.count; i++)
    if (strcmp(file.lines[i].key, key) == 0) return file.lines[i].value;
  return NULL;
}

static const char *device_line(nvmlDevice_t device, const char *figure) {
  if (device->mig < 0) return line_of("gpu.%u.%s", device->gpu, figure);
  return line_of("gpu.%u.mig.%d.%s", device->gpu, device->mig, figure);
}

const char *system_line(const char *key) { return line_of("%s", key); }

unsigned gpu_count(void) {
  unsigned count = 0;
  while (count < MOST_GPUS && line_of("gpu.%u.uuid", count)) count++;
  return count;
}

int exists(nvmlDevice_t device) { return device_line(device, "uuid") != NULL; }

int number_of(nvmlDevice_t device, const char *figure, u64 *value) {
  const char *text = device_line(device, figure);
  if (!text) return NVML_ERROR_NOT_SUPPORTED;
  *value = strtoull(text, NULL, 0);
  return NVML_SUCCESS;
}

int text_of(nvmlDevice_t device, const char *figure, char *buffer, unsigned length) {
  const char *text = device_line(device, figure);
  if (!text) return NVML_ERROR_NOT_SUPPORTED;
  if (strlen(text) >= length) return NVML_ERROR_INSUFFICIENT_SIZE;
  strcpy(buffer, text);
  return NVML_SUCCESS;
}

/* The file's error for this call: for this device, for every call on it, or for this call on any device. */
static int requested_error(const char *function, nvmlDevice_t device) {
  char figure[128];
  const char *name = NULL;
  if (device) {
    snprintf(figure, sizeof figure, "error.%s", function);
    name = device_line(device, figure);
    if (!name) name = device_line(device, "error");
    /* A lost GPU loses its MIG devices. */
    if (!name && device->mig >= 0) name = line_of("gpu.%u.error", device->gpu);
  }
  if (!name) name = line_of("error.%s", function);
  return name ? error_code(name) : NVML_SUCCESS;
}

static long delay_of(const char *function) {
  const char *ms = line_of("delay-ms.%s", function);
  return ms ? strtol(ms, NULL, 10) : 0;
}

/* Sleeps in slices, so that a test can end the hang by removing the line. */
static int open_call(const char *function, nvmlDevice_t device) {
  const struct timespec slice = {0, 5 * 1000000L};
  pthread_mutex_lock(&lock);
  int code = reload();
  for (long waited_ms = 0; code == NVML_SUCCESS && waited_ms < delay_of(function); waited_ms += 5) {
    pthread_mutex_unlock(&lock);
    nanosleep(&slice, NULL);
    pthread_mutex_lock(&lock);
    code = reload();
  }
  return code == NVML_SUCCESS ? requested_error(function, device) : code;
}

int begin(const char *function, nvmlDevice_t device) {
  int code = open_call(function, device);
  return initialised ? code : NVML_ERROR_UNINITIALIZED;
}

int end(int code) {
  pthread_mutex_unlock(&lock);
  return code;
}

int initialise(const char *function) {
  int code = open_call(function, NULL);
  if (code == NVML_SUCCESS) initialised++;
  return end(code);
}

int shut_down(const char *function) {
  int code = begin(function, NULL);
  if (initialised) initialised--;
  return end(code);
}
