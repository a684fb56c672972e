/*
 * Preloaded into the gateway (LD_PRELOAD): records in RECORD_LOG what it writes to the SQLite file RECORD_PATH and to its
 * log, and which syncs have ended, in the order in which they happened. With RECORD_FAILING_SYNC=db:2, the second sync of
 * the database file (wal: of its log) fails with EIO and brings nothing to the disk.
 *
 * A record: type (1 byte: W write, T truncate, B a sync begins, S it has ended, F it has failed), file (1 byte: 0 the
 * database, 1 its log), 6 bytes of padding, an offset, size or number of the sync (8 bytes), the length of the data
 * that follows (8 bytes); native byte order.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static pthread_mutex_t order = PTHREAD_MUTEX_INITIALIZER;
static int log_fd = -1;
static char database[4096], wal[4096 + 4];
static uint64_t syncs;
static int failing_file = -1, failing_left;

__attribute__((constructor)) static void open_log(void) {
  const char *path = getenv("RECORD_PATH"), *log = getenv("RECORD_LOG"), *failing = getenv("RECORD_FAILING_SYNC");
  if (!path || !log) return;
  snprintf(database, sizeof database, "%s", path);
  snprintf(wal, sizeof wal, "%s-wal", database);
  log_fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (!failing) return;
  failing_file = strncmp(failing, "wal:", 4) == 0;
  failing_left = atoi(strchr(failing, ':') + 1);
}

/* Which of the two files `fd` is, or -1. */
static int file_of(int fd) {
  if (log_fd < 0 || fd < 3 || fd == log_fd) return -1;
  char link[64], path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length <= 0) return -1;
  path[length] = 0;
  return strcmp(path, database) == 0 ? 0 : strcmp(path, wal) == 0 ? 1 : -1;
}

static void put(const void *bytes, size_t length) {
  while (length > 0) {
    ssize_t written = syscall(SYS_write, log_fd, bytes, length);
    if (written < 0) abort();
    bytes = (const char *)bytes + written;
    length -= (size_t)written;
  }
}

static void record(char type, int file, uint64_t offset, const void *data, uint64_t length) {
  struct { char type, file, padding[6]; uint64_t offset, length; } head = {type, (char)file, {0}, offset, length};
  put(&head, sizeof head);
  if (length > 0) put(data, length);
}

static ssize_t write_at(int fd, const void *data, size_t length, off_t offset, int file) {
  pthread_mutex_lock(&order);
  ssize_t written = syscall(SYS_pwrite64, fd, data, length, offset);
  int error = errno;
  if (written > 0) record('W', file, (uint64_t)offset, data, (uint64_t)written);
  pthread_mutex_unlock(&order);
  errno = error;
  return written;
}

ssize_t write(int fd, const void *data, size_t length) {
  int file = file_of(fd);
  if (file < 0) return syscall(SYS_write, fd, data, length);
  off_t offset = lseek(fd, 0, SEEK_CUR);
  ssize_t written = write_at(fd, data, length, offset, file);
  if (written > 0) lseek(fd, offset + written, SEEK_SET);
  return written;
}

ssize_t pwrite64(int fd, const void *data, size_t length, off_t offset) {
  int file = file_of(fd);
  if (file < 0) return syscall(SYS_pwrite64, fd, data, length, offset);
  return write_at(fd, data, length, offset, file);
}

ssize_t pwrite(int fd, const void *data, size_t length, off_t offset) {
  return pwrite64(fd, data, length, offset);
}

int ftruncate64(int fd, off_t size) {
  int file = file_of(fd);
  if (file < 0) return (int)syscall(SYS_ftruncate, fd, size);
  pthread_mutex_lock(&order);
  int result = (int)syscall(SYS_ftruncate, fd, size), error = errno;
  if (result == 0) record('T', file, (uint64_t)size, 0, 0);
  pthread_mutex_unlock(&order);
  errno = error;
  return result;
}

int ftruncate(int fd, off_t size) {
  return ftruncate64(fd, size);
}

static int sync_file(int fd, int file, long call) {
  pthread_mutex_lock(&order);
  uint64_t number = ++syncs;
  int fails = file == failing_file && --failing_left == 0;
  record('B', file, number, 0, 0);
  if (fails) record('F', file, number, 0, 0);
  pthread_mutex_unlock(&order);
  if (fails) {
    errno = EIO;
    return -1;
  }
  int result = (int)syscall(call, fd), error = errno;
  pthread_mutex_lock(&order);
  record(result == 0 ? 'S' : 'F', file, number, 0, 0);
  pthread_mutex_unlock(&order);
  errno = error;
  return result;
}

int fsync(int fd) {
  int file = file_of(fd);
  return file < 0 ? (int)syscall(SYS_fsync, fd) : sync_file(fd, file, SYS_fsync);
}

int fdatasync(int fd) {
  int file = file_of(fd);
  return file < 0 ? (int)syscall(SYS_fdatasync, fd) : sync_file(fd, file, SYS_fdatasync);
}
