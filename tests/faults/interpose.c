/* Counts the calls that change files under FAULT_ROOT and makes the FAULT_AT-th fail:
   FAULT_KIND is "kill" or an errno number. Each fault that fired leaves a line in FAULT_LOG.
   Preloaded, so that the writes of GDAL and SQLite are counted as well as Python's. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static atomic_long calls;

static int fails(const char *name, const char *path) {
    const char *root = getenv("FAULT_ROOT"), *at = getenv("FAULT_AT"), *kind = getenv("FAULT_KIND");
    if (!root || !at || !kind || strncmp(path, root, strlen(root))) return 0;
    if (atomic_fetch_add(&calls, 1) + 1 != atol(at)) return 0;
    const char *log = getenv("FAULT_LOG");
    int fd = log ? (int)syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND, 0600) : -1;
    char line[4400];
    int n = snprintf(line, sizeof line, "%s %s %s\n", at, name, path);
    if (fd >= 0) { syscall(SYS_write, fd, line, (size_t)n); syscall(SYS_close, fd); }
    if (!strcmp(kind, "kill")) syscall(SYS_kill, getpid(), SIGKILL);
    errno = atoi(kind);
    return 1;
}
static int fd_fails(const char *name, int fd) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, sizeof path - 1);
    if (n < 0) return 0;
    path[n] = 0;
    return fails(name, path);
}
#define REAL(name) __typeof__(&name) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)
ssize_t write(int fd, const void *b, size_t n) { REAL(write); return fd_fails("write", fd) ? -1 : real(fd, b, n); }
ssize_t pwrite64(int fd, const void *b, size_t n, off64_t o) { REAL(pwrite64); return fd_fails("pwrite", fd) ? -1 : real(fd, b, n, o); }
int fsync(int fd) { REAL(fsync); return fd_fails("fsync", fd) ? -1 : real(fd); }
int rename(const char *a, const char *b) { REAL(rename); return fails("rename", b) ? -1 : real(a, b); }
int unlink(const char *p) { REAL(unlink); return fails("unlink", p) ? -1 : real(p); }
/* stdio writes inside the C library do not pass through write() above; GDAL writes by stdio. */
size_t fwrite(const void *b, size_t s, size_t n, FILE *f) { REAL(fwrite); return fd_fails("fwrite", fileno(f)) ? 0 : real(b, s, n, f); }
int fclose(FILE *f) { REAL(fclose); if (fd_fails("fclose", fileno(f))) { int e = errno; real(f); errno = e; return EOF; } return real(f); }
