/* A PAM module that answers PAM to everything, or a name service that answers
 * NSS. The real headers are not needed for it. */
#ifdef PAM
int pam_sm_authenticate(void *p, int f, int c, const char **v) { return PAM; }
int pam_sm_setcred(void *p, int f, int c, const char **v) { return PAM; }
int pam_sm_acct_mgmt(void *p, int f, int c, const char **v) { return PAM; }
int pam_sm_open_session(void *p, int f, int c, const char **v) { return PAM; }
int pam_sm_close_session(void *p, int f, int c, const char **v) { return PAM; }
#endif
#ifdef SESSION
int pam_sm_open_session(void *p, int f, int c, const char **v) { return SESSION; }
int pam_sm_close_session(void *p, int f, int c, const char **v) { return SESSION; }
#endif
#ifdef NSS
int NAME(const char *n, void *r, char *b, unsigned long l, int *e) { *e = 0; return NSS; }
#endif
#ifdef ENTRY
/* A name service that has an account for everybody whose name has a sign, as the client of
 * another directory has. */
#include <pwd.h>
#include <string.h>
#define CALL2(n, f) _nss_##n##_##f
#define CALL(n, f) CALL2(n, f)
static int entry(const char *n, struct passwd *p, char *b, unsigned long l)
{
	if (!strchr(n, '@') || strlen(n) >= l)
		return 0;
	p->pw_name = strcpy(b, n);
	p->pw_passwd = "x", p->pw_gecos = "", p->pw_dir = "/tmp", p->pw_shell = "/bin/bash";
	p->pw_uid = p->pw_gid = 500000;
	return 1;
}
int CALL(ENTRY, getpwnam_r)(const char *n, struct passwd *p, char *b, unsigned long l, int *e) { return entry(n, p, b, l); }
int CALL(ENTRY, getpwuid_r)(uid_t u, struct passwd *p, char *b, unsigned long l, int *e)
{
	return u == 500000 ? entry("anna@contoso.com", p, b, l) : 0;
}
#endif
