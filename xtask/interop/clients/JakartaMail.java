// Jakarta Mail as a client. Arguments and exit codes: see README.md.

import jakarta.mail.AuthenticationFailedException;
import jakarta.mail.MessagingException;
import jakarta.mail.Session;
import jakarta.mail.Transport;
import jakarta.mail.internet.InternetAddress;
import jakarta.mail.internet.MimeMessage;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Arrays;
import java.util.Base64;
import java.util.Properties;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocketFactory;
import javax.net.ssl.TrustManagerFactory;

public final class JakartaMail {
    private static Certificate certificate(String file) throws Exception {
        try (InputStream in = Files.newInputStream(Path.of(file))) {
            return CertificateFactory.getInstance("X.509").generateCertificate(in);
        }
    }

    private static KeyStore emptyStore() throws Exception {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        return store;
    }

    private static SSLSocketFactory sockets(String ca) throws Exception {
        KeyStore trusted = emptyStore();
        trusted.setCertificateEntry("ca", certificate(ca));
        TrustManagerFactory trust =
            TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(trusted);

        KeyManager[] keys = null;
        String own = System.getenv("INTEROP_CERT");
        if (own != null && !own.isEmpty()) {
            String pem = Files.readString(Path.of(System.getenv("INTEROP_KEY")));
            byte[] der = Base64.getMimeDecoder().decode(pem.replaceAll("-----[A-Z ]+-----", ""));
            KeyStore store = emptyStore();
            store.setKeyEntry("own", KeyFactory.getInstance("EC").generatePrivate(
                new PKCS8EncodedKeySpec(der)), new char[0], new Certificate[] {certificate(own)});
            KeyManagerFactory managers =
                KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
            managers.init(store, new char[0]);
            keys = managers.getKeyManagers();
        }
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(keys, trust.getTrustManagers(), null);
        return context.getSocketFactory();
    }

    /** CRAM-MD5 and EXTERNAL are those of the Java platform's SASL, the others the library's own. */
    private static Properties settings(String mode, String mechanism, String user, String sender) {
        String protocol = mode.equals("implicit") ? "smtps" : "smtp";
        Properties settings = new Properties();
        String prefix = "mail." + protocol + ".";
        settings.setProperty(prefix + "auth", "true");
        if (mechanism.equals("CRAM-MD5") || mechanism.equals("EXTERNAL")) {
            settings.setProperty(prefix + "sasl.enable", "true");
            settings.setProperty(prefix + "sasl.mechanisms", mechanism);
            settings.setProperty(prefix + "sasl.authorizationid", user);
            settings.setProperty(prefix + "auth.mechanisms", mechanism);
        } else {
            settings.setProperty(prefix + "auth.mechanisms", mechanism);
        }
        settings.setProperty(prefix + "auth.ntlm.disable", "false");
        settings.setProperty(prefix + "starttls.required", "true");
        settings.setProperty(prefix + "ssl.checkserveridentity", "true");
        settings.setProperty(prefix + "allow8bitmime", "true");
        settings.setProperty(prefix + "sendpartial", "true");
        settings.setProperty(prefix + "from", sender);
        settings.setProperty(prefix + "timeout", "15000");
        settings.setProperty(prefix + "connectiontimeout", "15000");
        settings.setProperty("mail.transport.protocol", protocol);
        return settings;
    }

    private static int run(String[] args) throws Exception {
        String mode = args[2];
        Properties settings = settings(mode, args[3], args[4], args[6]);
        settings.put("mail." + settings.getProperty("mail.transport.protocol")
            + ".ssl.socketFactory", sockets(args[5]));
        Session session = Session.getInstance(settings);
        session.setDebug(true);
        InternetAddress[] recipients = InternetAddress.parse(args[7]);
        try (Transport transport = session.getTransport()) {
            try {
                transport.connect(args[0], Integer.parseInt(args[1]), args[4],
                    System.getenv("INTEROP_SECRET"));
            } catch (AuthenticationFailedException error) {
                error.printStackTrace();
                return 1;
            }
            for (String file : Arrays.copyOfRange(args, 8, args.length)) {
                byte[] octets = Files.readAllBytes(Path.of(file));
                transport.sendMessage(
                    new MimeMessage(session, new ByteArrayInputStream(octets)), recipients);
            }
        }
        return 0;
    }

    public static void main(String[] args) throws Exception {
        try {
            System.exit(run(args));
        } catch (MessagingException error) {
            error.printStackTrace();
            System.exit(2);
        }
    }
}
