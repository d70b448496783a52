// nodemailer as a client. Arguments and exit codes: see README.md.
'use strict';

const fs = require('fs');
const nodemailer = require('nodemailer');

const [host, port, tls, mechanism, user, ca, from, to, ...files] = process.argv.slice(2);
const secret = process.env.INTEROP_SECRET;
const certificate = process.env.INTEROP_CERT;

// PLAIN, LOGIN, CRAM-MD5 and XOAUTH2 are the library's own; the rest goes through customAuth,
// its documented way to add a mechanism.
const initialResponses = {
    OAUTHBEARER: `n,a=${user},\x01host=${host}\x01port=${port}\x01auth=Bearer ${secret}\x01\x01`,
    EXTERNAL: user,
    ANONYMOUS: 'interop@example.net',
};

async function custom(context) {
    const initial = Buffer.from(initialResponses[mechanism]).toString('base64');
    let reply = await context.sendCommand(`AUTH ${mechanism} ${initial}`);
    if (reply.status === 334) {
        reply = await context.sendCommand(Buffer.from('\x01').toString('base64'));
    }
    if (reply.status !== 235) {
        const error = new Error(`Invalid login: ${reply.text}`);
        error.code = 'EAUTH';
        throw error;
    }
    return true;
}

function credentials() {
    if (mechanism in initialResponses) {
        return { type: 'custom', method: mechanism, user, pass: secret };
    }
    if (mechanism === 'XOAUTH2') {
        return { type: 'OAuth2', user, accessToken: secret };
    }
    return { user, pass: secret, method: mechanism };
}

async function main() {
    const transport = nodemailer.createTransport({
        host,
        port: Number(port),
        secure: tls === 'implicit',
        requireTLS: true,
        pool: true,
        maxConnections: 1,
        connectionTimeout: 15000,
        socketTimeout: 15000,
        tls: {
            ca: fs.readFileSync(ca),
            cert: certificate ? fs.readFileSync(certificate) : undefined,
            key: certificate ? fs.readFileSync(process.env.INTEROP_KEY) : undefined,
        },
        auth: credentials(),
        customAuth: Object.fromEntries(Object.keys(initialResponses).map((name) => [name, custom])),
        logger: true,
        debug: true,
    });
    if (files.length === 0) {
        await transport.verify();
    }
    for (const file of files) {
        const raw = fs.readFileSync(file);
        const sent = await transport.sendMail({
            envelope: { from, to: to.split(','), use8BitMime: true },
            raw,
        });
        console.error('accepted', sent.accepted, 'rejected', sent.rejected);
    }
    transport.close();
}

main().then(
    () => process.exit(0),
    (error) => {
        console.error(error);
        process.exit(error.code === 'EAUTH' ? 1 : 2);
    },
);
