select version, sha256, in_recovery, synchronous_commit, test, simulated_at from hailan.schema_check()
