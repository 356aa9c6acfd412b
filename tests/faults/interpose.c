/* Counts the calls that change files under FAULT_ROOT and makes the FAULT_AT-th of them fail.

   Preloaded, so that the writes of GDAL and SQLite are counted as well as Python's.
   FAULT_AT    1, 2, ...: which call; 0: none, every call is listed in FAULT_LOG
   FAULT_KIND  "kill", an errno number, or "lie": success without having done anything;
               with "+" behind it, every later call fails as well
   FAULT_CALLS letters: d data (write), s sync and close, n names (create, rename, remove)
   FAULT_LOG   one line for each fault that fired: number, call, path */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static atomic_long calls;

static void note(long number, const char *name, const char *path) {
    const char *log = getenv("FAULT_LOG");
    int fd = log ? (int)syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND, 0600) : -1;
    char line[4400];
    int n = snprintf(line, sizeof line, "%ld %s %s\n", number, name, path);
    if (fd >= 0) { syscall(SYS_write, fd, line, (size_t)n); syscall(SYS_close, fd); }
}
static int fails(char class, const char *name, const char *path) {
    const char *root = getenv("FAULT_ROOT"), *which = getenv("FAULT_CALLS");
    if (!root || !*root || strncmp(path, root, strlen(root))) return 0;
    if (which && *which && !strchr(which, class)) return 0;
    const char *at_text = getenv("FAULT_AT"), *kind = getenv("FAULT_KIND");
    long at = at_text ? atol(at_text) : 0, number = atomic_fetch_add(&calls, 1) + 1;
    if (!at) { note(number, name, path); return 0; }
    int sticky = kind && strchr(kind, '+') && number > at;
    if (!kind || (number != at && !sticky)) return 0;
    if (!sticky) note(number, name, path);
    if (!strcmp(kind, "kill")) syscall(SYS_kill, getpid(), SIGKILL);
    errno = atoi(kind);
    return strncmp(kind, "lie", 3) ? 1 : 2;
}
static int fd_fails(char class, const char *name, int fd) {
    if (!getenv("FAULT_ROOT")) return 0;
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    int before = errno;
    ssize_t n = readlink(link, path, sizeof path - 1);
    errno = before;
    if (n < 0) return 0;
    path[n] = 0;
    return fails(class, name, path);
}
/* A path that is relative to an open folder, as shutil.rmtree uses, stands below that folder. */
static int at_fails(const char *name, int dir, const char *path) {
    return *path == '/' || dir == AT_FDCWD ? fails('n', name, path) : fd_fails('n', name, dir);
}
static int open_for_writing(int fd) { return (fcntl(fd, F_GETFL) & O_ACCMODE) != O_RDONLY; }

#define DATA(name, real_call, all) \
    { int how = fd_fails('d', name, fd); return how == 2 ? (ssize_t)(all) : how ? -1 : real_call; }
#define REAL(name) __typeof__(&name) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

/* Data. Writes inside the C library do not pass through write() here; GDAL writes by stdio. */
ssize_t write(int fd, const void *b, size_t n) { REAL(write); DATA("write", real(fd, b, n), n) }
ssize_t writev(int fd, const struct iovec *v, int n) { REAL(writev); return fd_fails('d', "writev", fd) ? -1 : real(fd, v, n); }
ssize_t pwrite(int fd, const void *b, size_t n, off_t o) { REAL(pwrite); DATA("pwrite", real(fd, b, n, o), n) }
ssize_t pwrite64(int fd, const void *b, size_t n, off64_t o) { REAL(pwrite64); DATA("pwrite", real(fd, b, n, o), n) }
int ftruncate(int fd, off_t n) { REAL(ftruncate); DATA("ftruncate", real(fd, n), 0) }
int ftruncate64(int fd, off64_t n) { REAL(ftruncate64); DATA("ftruncate", real(fd, n), 0) }
size_t fwrite(const void *b, size_t s, size_t n, FILE *f) { REAL(fwrite); int how = fd_fails('d', "fwrite", fileno(f)); return how == 2 ? n : how ? 0 : real(b, s, n, f); }
int fflush(FILE *f) { REAL(fflush); int how = f ? fd_fails('d', "fflush", fileno(f)) : 0; return how == 1 ? EOF : real(f); }

/* Sync and close. A close that fails has closed all the same, as on Linux. */
int fsync(int fd) { REAL(fsync); return fd_fails('s', "fsync", fd) ? -1 : real(fd); }
int fdatasync(int fd) { REAL(fdatasync); return fd_fails('s', "fdatasync", fd) ? -1 : real(fd); }
int close(int fd) {
    REAL(close);
    if (!getenv("FAULT_ROOT") || !open_for_writing(fd) || !fd_fails('s', "close", fd)) return real(fd);
    int e = errno; real(fd); errno = e; return -1;
}
int fclose(FILE *f) {
    REAL(fclose);
    if (!getenv("FAULT_ROOT") || !open_for_writing(fileno(f)) || !fd_fails('s', "fclose", fileno(f))) return real(f);
    int e = errno; real(f); errno = e; return EOF;
}

/* Names. */
#define OPEN(name) \
int name(const char *p, int flags, ...) { \
    va_list a; va_start(a, flags); mode_t mode = va_arg(a, mode_t); va_end(a); \
    REAL(name); return (flags & O_CREAT) && fails('n', "open", p) ? -1 : real(p, flags, mode); }
#define OPENAT(name) \
int name(int d, const char *p, int flags, ...) { \
    va_list a; va_start(a, flags); mode_t mode = va_arg(a, mode_t); va_end(a); \
    REAL(name); return (flags & O_CREAT) && at_fails("open", d, p) ? -1 : real(d, p, flags, mode); }
#define FOPEN(name) \
FILE *name(const char *p, const char *mode) { \
    REAL(name); return *mode != 'r' && fails('n', "fopen", p) ? NULL : real(p, mode); }
OPEN(open) OPEN(open64) OPENAT(openat) OPENAT(openat64) FOPEN(fopen) FOPEN(fopen64)
int mkdir(const char *p, mode_t m) { REAL(mkdir); return fails('n', "mkdir", p) ? -1 : real(p, m); }
int rmdir(const char *p) { REAL(rmdir); return fails('n', "rmdir", p) ? -1 : real(p); }
int chmod(const char *p, mode_t m) { REAL(chmod); return fails('n', "chmod", p) ? -1 : real(p, m); }
int rename(const char *a, const char *b) { REAL(rename); return fails('n', "rename", b) ? -1 : real(a, b); }
int renameat(int c, const char *a, int d, const char *b) { REAL(renameat); return at_fails("rename", d, b) ? -1 : real(c, a, d, b); }
int link(const char *a, const char *b) { REAL(link); return fails('n', "link", b) ? -1 : real(a, b); }
int symlink(const char *a, const char *b) { REAL(symlink); return fails('n', "symlink", b) ? -1 : real(a, b); }
int unlink(const char *p) { REAL(unlink); return fails('n', "unlink", p) ? -1 : real(p); }
int unlinkat(int d, const char *p, int f) { REAL(unlinkat); return at_fails("unlink", d, p) ? -1 : real(d, p, f); }
