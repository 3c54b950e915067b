-- SPDX-License-Identifier: Apache-2.0
-- The feed of the database that is being copied into this one, and which run does it; empty unless a copy is not finished (store/copy.hpp).
ALTER TABLE meta ADD COLUMN copy_of TEXT NOT NULL DEFAULT '';
