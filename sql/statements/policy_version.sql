select version from hailan.policy_version
