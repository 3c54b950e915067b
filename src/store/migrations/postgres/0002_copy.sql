-- SPDX-License-Identifier: Apache-2.0
-- The feed of the database that is being copied into this one, and the run that copies it; empty unless a
-- copy is unfinished (store/copy/copy.hpp).
ALTER TABLE meta ADD COLUMN copy_of TEXT NOT NULL DEFAULT '';
