"""Submits a message by smtplib, as often as it is told, each time in a session of its own.

submit.py PORT MECHANISM USER FROM TO FILE COUNT [starttls|implicit CA]

The password is in the environment variable PASSWORD. Exit code 77: the server refused the credentials.
"""

import os
import smtplib
import ssl
import sys

port, mechanism, user, sender, recipient, file, count = sys.argv[1:8]
way, authority = (sys.argv[8:10] + [None, None])[:2]
with open(file, "rb") as opened:
    message = opened.read()

done = 0
for _ in range(int(count)):
    context = ssl.create_default_context(cafile=authority) if way else None
    if way == "implicit":
        smtp = smtplib.SMTP_SSL("localhost", int(port), timeout=30, context=context)
    else:
        smtp = smtplib.SMTP("localhost" if way else "127.0.0.1", int(port), timeout=30)
    with smtp:
        smtp.ehlo("client.example")
        if way == "starttls":
            smtp.starttls(context=context)
            smtp.ehlo("client.example")
        if mechanism not in smtp.esmtp_features["auth"].split():
            sys.exit(f"{mechanism} is not offered")
        smtp.user, smtp.password = user, os.environ["PASSWORD"]
        by = {"PLAIN": smtp.auth_plain, "LOGIN": smtp.auth_login, "CRAM-MD5": smtp.auth_cram_md5}
        try:
            smtp.auth(mechanism, by[mechanism])
        except smtplib.SMTPAuthenticationError as error:
            print(f"refused with {error.smtp_code}")
            sys.exit(77)
        smtp.sendmail(sender, [recipient], message)
    done += 1
print(f"{done} sessions")
