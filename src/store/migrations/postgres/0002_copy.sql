-- SPDX-License-Identifier: Apache-2.0
-- The feed of the database that is being copied into this one, as long as the copy is not finished (store/copy.hpp).
ALTER TABLE meta ADD COLUMN copy_of TEXT NOT NULL DEFAULT '';
