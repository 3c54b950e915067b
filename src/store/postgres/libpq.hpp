// SPDX-License-Identifier: Apache-2.0
// PostgreSQL's client library, loaded only if a PostgreSQL database is configured: the libraries that it
// needs (Kerberos, LDAP, a second TLS library) would be half of a small server's memory.
#pragma once

#include <libpq-fe.h>

namespace coatcheck::store {

// clang-format off
#define COATCHECK_LIBPQ(F) \
    F(PQconnectdbParams) F(PQping) F(PQconninfoParse) F(PQconninfoFree) F(PQfinish) F(PQstatus) F(PQsocket) \
    F(PQerrorMessage) F(PQsetnonblocking) F(PQenterPipelineMode) F(PQexitPipelineMode) \
    F(PQpipelineSync) F(PQsendPrepare) F(PQsendQueryPrepared) F(PQsendQueryParams) F(PQsendQuery) \
    F(PQflush) F(PQconsumeInput) F(PQisBusy) F(PQgetResult) F(PQresultStatus) F(PQresultErrorField) \
    F(PQresultErrorMessage) F(PQntuples) F(PQgetvalue) F(PQgetlength) F(PQgetisnull) F(PQcmdTuples) \
    F(PQcmdStatus) F(PQclear) F(PQnotifies) F(PQfreemem) F(PQsetNoticeReceiver)
// clang-format on

struct Libpq {
#define COATCHECK_DECLARE(name) decltype(&::name) name = nullptr;
    COATCHECK_LIBPQ(COATCHECK_DECLARE)
#undef COATCHECK_DECLARE
};

// Loads libpq.so.5 at the first call; throws StoreError if it is not installed or too old. Any thread.
const Libpq& libpq();

}  // namespace coatcheck::store
