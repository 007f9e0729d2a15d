#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause
# An SMSC made of Perl's Net::SMPP, which nobody here wrote. It takes one transceiver at a time on
# 127.0.0.1:PORT and is told on standard input, a line each, what to deliver:
#     FROM TO HEX-OF-UTF-16BE          (ended by the end of input)
# On standard output it says, a line each:
#     bound SYSTEM_ID | acked SEQUENCE STATUS | submit SEQUENCE FROM TO DATA_CODING ESM_CLASS HEX
use strict;
use warnings;
use IO::Select;
use Net::SMPP;

my $port = shift or die "usage: net_smpp_smsc.pl PORT\n";
$| = 1;
my $listen = Net::SMPP->new_listen('127.0.0.1', port => $port, smpp_version => 0x34, reuse => 1)
    or die "cannot listen: $!\n";
print "listening\n";
my $esme = $listen->accept or die "accept: $!\n";
my $select = IO::Select->new($esme, \*STDIN);
my $id = 0;

while (1) {
	my @ready = $select->can_read(60) or die "nothing for a minute\n";
	for my $fh (@ready) {
		if ($fh == \*STDIN) {
			# unbuffered, so that select() and the lines agree
			my $line = '';
			while (1) {
				my $n = sysread(STDIN, my $c, 1);
				exit 0 if !$n;
				last if $c eq "\n";
				$line .= $c;
			}
			my ($from, $to, $hex) = split / /, $line;
			$esme->deliver_sm(source_addr_ton => 1, source_addr_npi => 1, source_addr => $from,
			    dest_addr_ton => 0, dest_addr_npi => 1, destination_addr => $to,
			    data_coding => 8, short_message => pack('H*', $hex), async => 1);
			next;
		}
		my $pdu = $esme->read_pdu() or exit 0;
		my $cmd = $pdu->{cmd};
		if ($cmd == Net::SMPP::CMD_bind_transceiver) {
			$esme->bind_transceiver_resp(system_id => 'net-smpp', seq => $pdu->{seq}, status => 0);
			print "bound $pdu->{system_id}\n";
		} elsif ($cmd == Net::SMPP::CMD_enquire_link) {
			$esme->enquire_link_resp(seq => $pdu->{seq}, status => 0);
		} elsif ($cmd == Net::SMPP::CMD_submit_sm) {
			$esme->submit_sm_resp(message_id => 'n' . ++$id, seq => $pdu->{seq}, status => 0);
			print join(' ', 'submit', $pdu->{seq}, $pdu->{source_addr} || '-', $pdu->{destination_addr},
			    $pdu->{data_coding}, $pdu->{esm_class}, unpack('H*', $pdu->{short_message})), "\n";
		} elsif ($cmd == Net::SMPP::CMD_deliver_sm_resp) {
			print "acked $pdu->{seq} $pdu->{status}\n";
		} elsif ($cmd == Net::SMPP::CMD_unbind) {
			$esme->unbind_resp(seq => $pdu->{seq}, status => 0);
			print "unbound\n";
			exit 0;
		}
	}
}
