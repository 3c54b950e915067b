/* SPDX-License-Identifier: Apache-2.0
 *
 * A test program for the C interface. Usage: check URL SERVICE_KEY [accept] [CA_FILE]. It reads these lines
 * and answers:
 *   TOKEN         "ok NAME", or the code of the reason
 *   watch TOKEN   "watching NUMBER"; later, once, "ended CONTEXT CODE"
 *   forget NUMBER "forgotten"
 *   wait          "ready" or "not ready", after three seconds at most
 *   feed          "none", "never", "following" or "cut"
 */
#define _GNU_SOURCE
#include <coatcheck/coatcheck.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void ended(coatcheck_reason reason, void* context) {
    printf("ended %d %s\n", *(int*)context, coatcheck_reason_code(reason));
}

static void answer(coatcheck_verifier* verifier, char* line, size_t length) {
    static const char* const feeds[] = {"none", "never", "following", "cut"};
    static int contexts[64], count = 0;
    coatcheck_user* user = NULL;
    if (strcmp(line, "feed") == 0) {
        puts(feeds[coatcheck_verifier_feed(verifier)]);
    } else if (strcmp(line, "wait") == 0) {
        puts(coatcheck_verifier_wait(verifier, 3000) ? "ready" : "not ready");
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
