#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause
# An ESME on Net::SMPP for the simulator's tests: PDU code by somebody else.
# usage: esme.pl HOST PORT transceiver|transmitter|receiver SYSTEM_ID PASSWORD
# It reads commands from standard input, one a line:
#	submit KEY=VALUE ...	(Net::SMPP's names; short_message and TLVs in hex)
#	answer STATUS COUNT	the next COUNT deliver_sm are answered with STATUS
#	query MESSAGE_ID SOURCE
#	enquire
#	quit
# and writes "EVENT KEY=VALUE ..." lines, octets in hex.
use strict;
use warnings;
use IO::Select;
use Net::SMPP;

my ($host, $port, $mode, $system_id, $password) = @ARGV;
$| = 1;
my %hex = map { $_ => 1 } qw(short_message message_payload source_addr destination_addr
    receipted_message_id message_state sar_msg_ref_num sar_total_segments sar_segment_seqnum);
my $new = "Net::SMPP"->can("new_$mode") or die "mode $mode\n";
my ($smpp, $resp) = $new->('Net::SMPP', $host, port => $port, smpp_version => 0x34, interface_version => 0x34,
    system_id => $system_id, password => $password, system_type => '');
if (!$smpp) {
	print "failed\n";
	exit 1;
}
printf "bind status=%d system_id=%s\n", $resp->{status}, $resp->{system_id} // '';
exit 2 if $resp->{status};

my ($status, $left) = (0, 0);
my $select = IO::Select->new($smpp, \*STDIN);

sub show {
	my ($event, $pdu) = @_;
	my @out = map { "$_=" . ($hex{$_} ? unpack('H*', $pdu->{$_}) : $pdu->{$_}) }
	    grep { defined $pdu->{$_} && !ref $pdu->{$_} && $_ !~ /^(data|known_pdu)$/ && !/^\d+$/ } sort keys %$pdu;
	s/\s/_/g for @out;
	print join(' ', $event, @out), "\n";
}

my %on_pdu = (
	0x00000005 => sub {
		my ($pdu) = @_;
		show('deliver', $pdu);
		my $now = $left > 0 ? $status : 0;
		$left-- if $left > 0;
		$smpp->deliver_sm_resp(seq => $pdu->{seq}, status => $now, message_id => '');
	},
	0x00000015 => sub { $smpp->enquire_link_resp(seq => $_[0]{seq}); print "enquired\n" },
	0x00000006 => sub { $smpp->unbind_resp(seq => $_[0]{seq}); print "unbound\n"; exit 0 },
	0x80000004 => sub { show('submitted', $_[0]) },
	0x80000003 => sub { show('queried', $_[0]) },
	0x80000015 => sub { print "alive\n" },
	0x80000006 => sub { print "unbound\n"; exit 0 },
);

my %on_command = (
	submit => sub {
		my %args = map { split /=/, $_, 2 } @_;
		for my $key (keys %args) {
			$args{$key} = pack('H*', $args{$key}) if $hex{$key} && $key !~ /_addr$/;
		}
		$smpp->submit_sm(async => 1, %args);
	},
	answer => sub { ($status, $left) = (oct $_[0], $_[1]) },
	query => sub { $smpp->query_sm(async => 1, message_id => $_[0], source_addr => $_[1]) },
	enquire => sub { $smpp->enquire_link(async => 1) },
	quit => sub { $smpp->unbind(async => 1) },
);

while (1) {
	for my $handle ($select->can_read(30)) {
		if ($handle == $smpp) {
			my $pdu = $smpp->read_pdu() or do { print "closed\n"; exit 0 };
			my $do = $on_pdu{$pdu->{cmd}};
			$do ? $do->($pdu) : show('other', $pdu);
		} else {
			sysread(STDIN, my $line, 65536) or exit 0;
			for (split /\n/, $line) {
				my ($verb, @words) = split ' ';
				$on_command{$verb}->(@words);
			}
		}
	}
}
