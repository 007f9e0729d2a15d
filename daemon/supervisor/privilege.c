/* SPDX-License-Identifier: BSD-2-Clause */
/* Drops privileges in the order that works: limits, groups, group, user, then the proof. */
#include "supervisor/privilege.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/err.h"

static bool
limit(__rlimit_resource_t what, const char *name, int64_t value, struct err *err)
{
	struct rlimit now, wanted = { (rlim_t)value, (rlim_t)value };

	if (value == 0)
		return true;
	if (getrlimit(what, &now) == 0 && geteuid() != 0 && wanted.rlim_max > now.rlim_max)
		wanted.rlim_cur = wanted.rlim_max = now.rlim_max;
	if (setrlimit(what, &wanted) != 0)
		return err_set(err, "cannot set the limit %s: %s", name, strerror(errno));
	return true;
}

static bool
become(const struct passwd *pw, struct err *err)
{
	if (initgroups(pw->pw_name, pw->pw_gid) != 0 ||
	    setresgid(pw->pw_gid, pw->pw_gid, pw->pw_gid) != 0 ||
	    setresuid(pw->pw_uid, pw->pw_uid, pw->pw_uid) != 0)
		return err_set(err, "cannot become user %s: %s", pw->pw_name, strerror(errno));
	if (setuid(0) == 0 || geteuid() != pw->pw_uid || getegid() != pw->pw_gid)
		return err_set(err, "privileges were not dropped to user %s", pw->pw_name);
	return true;
}

static bool
change_user(const char *name, struct err *err)
{
	const struct passwd *pw;

	if (*name == '\0')
		return true;
	errno = 0;
	pw = getpwnam(name);
	if (pw == NULL)
		return err_set(err,
		    "no system user \"%s\"%s%s; create it or change the setting user", name,
		    errno != 0 ? ": " : "", errno != 0 ? strerror(errno) : "");
	if (geteuid() != 0)
		return pw->pw_uid == geteuid() ||
		       err_set(err, "cannot become user %s; start as root or as that user", name);
	/* user = "root" is somebody's wish, not a drop */
	return pw->pw_uid == 0 || become(pw, err);
}

bool
privilege_drop(const struct privilege *p, struct err *err)
{
	if (!limit(RLIMIT_NOFILE, "open_files", p->open_files, err) ||
	    !limit(RLIMIT_AS, "memory_limit", p->memory_bytes, err) || !change_user(p->user, err))
		return false;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return err_set(err, "cannot set no_new_privs: %s", strerror(errno));
	return true;
}
