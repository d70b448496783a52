# Ruby's net/smtp as a client. Arguments and exit codes: see README.md.

require 'net/smtp'

host, port, tls, mechanism, user, ca, from, to, *files = ARGV

context = OpenSSL::SSL::SSLContext.new
context.ca_file = ca
context.verify_mode = OpenSSL::SSL::VERIFY_PEER
context.verify_hostname = true

smtp = Net::SMTP.new(host, port.to_i)
smtp.open_timeout = 15
smtp.read_timeout = 15
smtp.set_debug_output($stderr)
if tls == 'implicit'
  smtp.enable_tls(context)
else
  smtp.enable_starttls(context)
end

begin
  # The library names its mechanisms :plain, :login, :cram_md5.
  type = mechanism.downcase.tr('-', '_').to_sym
  smtp.start('client.example.org', user, ENV.fetch('INTEROP_SECRET'), type) do
    files.each { |file| smtp.send_message(File.binread(file), from, to.split(',')) }
  end
rescue Net::SMTPAuthenticationError => e
  warn e.full_message
  exit 1
rescue StandardError => e
  warn e.full_message
  exit 2
end
