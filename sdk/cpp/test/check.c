/* SPDX-License-Identifier: Apache-2.0
 *
 * A test program for the C interface. Usage: check URL SERVICE_KEY [accept] [CA_FILE]. It reads these lines
 * and answers:
 *   TOKEN         "ok NAME", or the code of the reason
 *   watch TOKEN   "watching NUMBER"; later, once, "ended CONTEXT CODE"
 *   forget NUMBER "forgotten"
 *   wait          "ready" or "not ready", after three seconds at most
 *   feed          "none", "never", "following" or "cut"
 *   fork          "forked": from then on a child answers, and this process waits for its end
 *   fork exit     "exited", or "hangs" if a child that only frees the verifier has not ended after 5 seconds
 *   inherited     the number of sockets that a program started here would inherit
 *   mistakes      "told", or the first call with a wrong argument that does not say so
 */
#define _GNU_SOURCE
#include <coatcheck/coatcheck.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void ended(coatcheck_reason reason, void* context) {
    printf("ended %d %s\n", *(int*)context, coatcheck_reason_code(reason));
}

static void fork_child(coatcheck_verifier* verifier, int only_exits) {
    const pid_t child = fork();
    if (child == 0) {
        if (!only_exits) return (void)puts("forked");
        coatcheck_verifier_free(verifier);
        exit(0);
    }
    if (!only_exits) {
        int status = 1;
        waitpid(child, &status, 0);
        _exit(status == 0 ? 0 : 1);
    }
    struct pollfd its_end = {.fd = (int)syscall(SYS_pidfd_open, child, 0), .events = POLLIN};
    const int exited = poll(&its_end, 1, 5000) == 1;
    close(its_end.fd);
    if (!exited) kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    puts(exited ? "exited" : "hangs");
}

static int inherited(void) {
    int count = 0;
    struct stat facts;
    for (int file = 3; file < 256; ++file)
        count += fstat(file, &facts) == 0 && S_ISSOCK(facts.st_mode) &&
                 (fcntl(file, F_GETFD) & FD_CLOEXEC) == 0;
    return count;
}

#define MISTAKE(call)                                       \
    do {                                                    \
        user = (coatcheck_user*)&user;                      \
        if ((call) != COATCHECK_BAD_ARGUMENT) return #call; \
        if (user != NULL) return #call " leaves the user";  \
    } while (0)

static const char* mistakes(coatcheck_verifier* verifier) {
    coatcheck_user* user = NULL;
    const coatcheck_field cut = {.name = {NULL, 1}, .value = {"x", 1}}, fine = {{"a", 1}, {"b", 1}};
    coatcheck_credential_options odd = {.size = 12};
    MISTAKE(coatcheck_check(NULL, "x", 1, &user));
    MISTAKE(coatcheck_check(verifier, NULL, 1, &user));
    MISTAKE(coatcheck_authenticate(NULL, "GET", &fine, 1, NULL, &user));
    MISTAKE(coatcheck_authenticate(verifier, NULL, &fine, 1, NULL, &user));
    MISTAKE(coatcheck_authenticate(verifier, "GET", NULL, 1, NULL, &user));
    MISTAKE(coatcheck_authenticate(verifier, "GET", &cut, 1, NULL, &user));
    MISTAKE(coatcheck_authenticate(verifier, "GET", &fine, 1, &odd, &user));
    odd.size = 0;
    MISTAKE(coatcheck_authenticate(verifier, "GET", &fine, 1, &odd, &user));
    char error[64];
    coatcheck_options cut_options = {.size = 20, .url = "http://localhost"};
    if (coatcheck_verifier_new(&cut_options, error, sizeof error) != NULL) return "options cut in a member";
    if (coatcheck_verifier_new(NULL, NULL, 0) != NULL) return "no options";
    if (coatcheck_verifier_wait(NULL, 1) != 0 || coatcheck_on_end(NULL, NULL, NULL, NULL) != 0)
        return "no verifier";
    coatcheck_forget(NULL, 1);
    coatcheck_user_free(NULL);
    coatcheck_verifier_free(NULL);
    if (coatcheck_verifier_feed(NULL) != COATCHECK_FEED_NONE) return "the feed of nothing";
    if (coatcheck_user_id(NULL).length + coatcheck_user_username(NULL).length +
                coatcheck_user_session(NULL).length + coatcheck_user_scope(NULL).length +
                coatcheck_user_role(NULL, 0).length + coatcheck_user_claims_json(NULL).length +
                coatcheck_user_role_count(NULL) !=
            0 ||
        coatcheck_user_expires(NULL) != 0)
        return "a user that is NULL";
    return "told";
}

static void answer(coatcheck_verifier* verifier, char* line, size_t length) {
    static const char* const feeds[] = {"none", "never", "following", "cut"};
    static int contexts[64], count = 0;
    coatcheck_user* user = NULL;
    if (strcmp(line, "feed") == 0) {
        puts(feeds[coatcheck_verifier_feed(verifier)]);
    } else if (strcmp(line, "wait") == 0) {
        puts(coatcheck_verifier_wait(verifier, 3000) ? "ready" : "not ready");
    } else if (strcmp(line, "fork") == 0 || strcmp(line, "fork exit") == 0) {
        fork_child(verifier, line[4] != 0);
    } else if (strcmp(line, "inherited") == 0) {
        printf("%d\n", inherited());
    } else if (strcmp(line, "mistakes") == 0) {
        puts(mistakes(verifier));
    } else if (strncmp(line, "forget ", 7) == 0) {
        coatcheck_forget(verifier, strtoull(line + 7, NULL, 10));
        puts("forgotten");
    } else if (strncmp(line, "watch ", 6) == 0) {
        const coatcheck_reason reason = coatcheck_check(verifier, line + 6, length - 6, &user);
        if (reason != COATCHECK_OK || count == 64) {
            puts(coatcheck_reason_code(reason));
            return;
        }
        contexts[count] = count;
        printf("watching %" PRIu64 "\n", coatcheck_on_end(verifier, user, ended, &contexts[count]));
        ++count;
    } else {
        const coatcheck_reason reason = coatcheck_check(verifier, line, length, &user);
        if (reason == COATCHECK_OK) {
            const coatcheck_text name = coatcheck_user_username(user);
            printf("ok %.*s\n", (int)name.length, name.data);
        } else {
            puts(coatcheck_reason_code(reason));
        }
    }
    coatcheck_user_free(user);
}

int main(int count, char** words) {
    if (count < 3 || coatcheck_abi_version() < COATCHECK_ABI_VERSION) return 2;
    coatcheck_options options = {
        .size = sizeof options, .url = words[1], .service_key = words[2], .cut_after_ms = 1500};
    options.accept_when_cut = count > 3 && strcmp(words[3], "accept") == 0;
    options.ca_file = count > 4 ? words[4] : NULL;
    const char* keys[] = {getenv("COATCHECK_ENCRYPTION_KEY"), NULL};
    options.encryption_keys = keys;
    char error[256];
    coatcheck_verifier* verifier = coatcheck_verifier_new(&options, error, sizeof error);
    if (verifier == NULL) {
        fprintf(stderr, "%s\n", error);
        return 1;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    char* line = NULL;
    size_t room = 0;
    for (ssize_t length; (length = getline(&line, &room, stdin)) > 0;) {
        if (line[length - 1] == '\n') line[--length] = '\0';
        answer(verifier, line, (size_t)length);
    }
    free(line);
    coatcheck_verifier_free(verifier);
    return 0;
}
