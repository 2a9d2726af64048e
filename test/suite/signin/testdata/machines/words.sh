# What the scripts of these machines are written in; README.md explains it.
set +e
config=/etc/ssh/sshd_config
security=$(dirname $(ls /lib/*/security/pam_permit.so /lib64/security/pam_permit.so /usr/lib64/security/pam_permit.so 2>/dev/null | head -n 1))
above() { printf '%b\n' "$1" | cat - $config > /tmp/above && cat /tmp/above > $config; }
below() { printf '%b\n' "$1" >> $config; }
dropin() {
    mkdir -p /etc/ssh/sshd_config.d && printf '%b\n' "$2" > /etc/ssh/sshd_config.d/$1
    grep -q '^Include /etc/ssh/sshd_config.d/' $config || above 'Include /etc/ssh/sshd_config.d/*.conf'
}
in_account() { into '^(@include[[:space:]]+common-account|account[[:space:]]+(include|substack))' "$1"; }
in_session() { into '^(@include[[:space:]]+common-session|session)' "$1"; }
into() {
    line=$(grep -n -m 1 -E "$1" /etc/pam.d/sshd | cut -d: -f1)
    printf '%s\n' "$2" > /tmp/into && sed -i -e "$((line - 1))r /tmp/into" /etc/pam.d/sshd
}
module() { cp /usr/lib/rig-modules/pam_$2.so $security/$1; }
aad_session() {
    was=$(md5sum < $security/pam_aad.so | cut -d' ' -f1)
    cp /usr/lib/rig-modules/pam_aad_$1.so $security/pam_aad.so
    sed -i "s/^$was/$(md5sum < $security/pam_aad.so | cut -d' ' -f1)/" /var/lib/dpkg/info/aadsshlogin*.md5sums
}
nsslib() { cp /usr/lib/rig-modules/nss_$1_$2.so $(dirname $security)/libnss_$1.so.2; }
