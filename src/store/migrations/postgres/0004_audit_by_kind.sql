-- SPDX-License-Identifier: Apache-2.0
-- The place of an event among those of its kind, so that the audit log has a bound for each kind: a million
-- failed sign-ins must not push the events of operators out. Existing rows, and rows that an older program
-- writes, have 0 and count as the oldest.
ALTER TABLE audit ADD COLUMN place BIGINT NOT NULL DEFAULT 0;
CREATE INDEX audit_by_kind ON audit(event, place);
