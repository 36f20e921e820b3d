/* Loaded into a node before the C library: syncs of files whose path holds $SYNC_OF and ends in .log fail while the
 * file $SYNC_FAILS exists, and take $SYNC_SLOW_MS ms longer while the file $SYNC_SLOW exists. All others are real. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int is_there(const char *name) {
    const char *path = getenv(name);
    return path && access(path, F_OK) == 0;
}

static int is_meant(int fd) {
    const char *of = getenv("SYNC_OF");
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (!of || length < 4)
        return 0;
    path[length] = 0;
    return strstr(path, of) && strcmp(path + length - 4, ".log") == 0;
}

static int synced(int fd, const char *name) {
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
    if (is_meant(fd)) {
        const char *ms = getenv("SYNC_SLOW_MS");
        if (is_there("SYNC_SLOW") && ms)
            usleep(1000 * atoi(ms));
        if (is_there("SYNC_FAILS")) {
            errno = EIO;
            return -1;
        }
    }
    return real(fd);
}

int fdatasync(int fd) { return synced(fd, "fdatasync"); }
int fsync(int fd) { return synced(fd, "fsync"); }
