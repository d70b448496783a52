// nodemailer's smtp-server as a submission server.
//
// usage: node smtp_server.js FOLDER PORT TLS_PORT CERT KEY TOKEN USER SECRET [USER SECRET ...]
'use strict';

const fs = require('fs');
const path = require('path');
const { SMTPServer } = require('smtp-server');

const [folder, port, tlsPort, cert, key, token, ...pairs] = process.argv.slice(2);
const users = new Map();
for (let at = 0; at < pairs.length; at += 2) {
    users.set(pairs[at], pairs[at + 1]);
}
for (const name of ['tmp', 'new']) {
    fs.mkdirSync(path.join(folder, name), { recursive: true });
}

let number = 0;

function onAuth(auth, session, done) {
    const secret = users.get(auth.username);
    let right;
    switch (auth.method) {
        case 'XOAUTH2':
            right = secret !== undefined && auth.accessToken === token;
            break;
        case 'CRAM-MD5':
            right = secret !== undefined && auth.validatePassword(secret);
            break;
        default:
            right = secret !== undefined && auth.password === secret;
    }
    done(null, right ? { user: auth.username } : {});
}

function onRcptTo(address, session, done) {
    done(address.address === process.env.INTEROP_REJECTED ? new Error('no such user') : null);
}

// Each message is a file of its own, as it came, and renamed when it is whole.
function onData(stream, session, done) {
    const name = `${process.pid}.${number++}`;
    const part = path.join(folder, 'tmp', name);
    stream.pipe(fs.createWriteStream(part)).on('finish', () => {
        fs.renameSync(part, path.join(folder, 'new', name));
        done(null, 'kept');
    });
}

for (const [listen, secure] of [
    [port, false],
    [tlsPort, true]
]) {
    const server = new SMTPServer({
        name: 'localhost',
        secure,
        cert: fs.readFileSync(cert),
        key: fs.readFileSync(key),
        authMethods: ['PLAIN', 'LOGIN', 'CRAM-MD5', 'XOAUTH2'],
        logger: true,
        onAuth,
        onRcptTo,
        onData
    });
    server.on('error', error => console.error(error.message));
    server.listen(Number(listen), '127.0.0.1');
}
