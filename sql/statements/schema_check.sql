select version, sha256, in_recovery, synchronous_commit from hailan.schema_check()
