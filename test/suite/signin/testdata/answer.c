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
