#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause
# An SMSC made of Perl's Net::SMPP, which nobody here wrote, on 127.0.0.1:PORT. It is told on standard
# input, a JSON object a line, what to deliver, until the end of input:
#     {"ref": 1, "from": "8613812345678", "to": "12345", "data_coding": 8, "hex": "…", …}
# where more may be given: ton, npi, esm_class, sar ([reference, total, number]), payload (true: in
# message_payload); or {"enquire": 1}, {"unbind": 1}. On standard output it says, a line each:
#     {"event": "listening"|"bound"|"acked"|"submit"|"receipt"|"enquired"|"unbound"|"unknown", …}
# With the argument "no-transceiver" it refuses bind_transceiver as an old SMSC would.
use strict;
use warnings;
use IO::Select;
use JSON::PP;
use Net::SMPP;

my $port = shift or die "usage: net_smpp_smsc.pl PORT [no-transceiver]\n";
my $old = (shift // '') eq 'no-transceiver';
my $json = JSON::PP->new->canonical;
$| = 1;
sub say_event { print $json->encode({ event => @_ }), "\n" }

my $listen = Net::SMPP->new_listen('127.0.0.1', port => $port, smpp_version => 0x34, reuse => 1)
    or die "cannot listen: $!\n";
say_event('listening', port => $port + 0);
my $select = IO::Select->new($listen, \*STDIN);
my ($receiver, $transmitter, @waiting, %ref_of);
my $message_id = 1000;

sub deliver {
	my ($order) = @_;
	my %pdu = (
		source_addr_ton => $order->{ton} // 1, source_addr_npi => $order->{npi} // 1, source_addr => $order->{from},
		dest_addr_ton => 3, dest_addr_npi => 0, destination_addr => $order->{to},
		esm_class => $order->{esm_class} // 0, data_coding => $order->{data_coding} // 8, async => 1);
	my $octets = pack('H*', $order->{hex});
	if ($order->{payload}) { @pdu{qw(short_message message_payload)} = ('', $octets) }
	else { $pdu{short_message} = $octets }
	if (my $sar = $order->{sar}) {
		@pdu{qw(sar_msg_ref_num sar_total_segments sar_segment_seqnum)} =
		    (pack('n', $sar->[0]), pack('C', $sar->[1]), pack('C', $sar->[2]));
	}
	my $sequence = $receiver->deliver_sm(%pdu);
	$ref_of{$sequence} = $order->{ref};
}

sub ordered {
	my ($order) = @_;
	if ($order->{enquire}) { $receiver->enquire_link(async => 1) if $receiver }
	elsif ($order->{unbind}) { $receiver->unbind(async => 1) if $receiver }
	elsif ($receiver) { deliver($order) }
	else { push @waiting, $order }
}

sub bound {
	my ($peer, $pdu, $kind) = @_;
	my $answer = "bind_${kind}_resp";
	if ($old && $kind eq 'transceiver') {
		$peer->$answer(system_id => '', seq => $pdu->{seq}, status => 3);
		return say_event('refused', kind => $kind);
	}
	$peer->$answer(system_id => 'net-smpp', seq => $pdu->{seq}, status => 0);
	$receiver = $peer if $kind ne 'transmitter';
	$transmitter = $peer if $kind ne 'receiver';
	say_event('bound', kind => $kind, system_id => $pdu->{system_id}, password => $pdu->{password},
	    version => $pdu->{interface_version});
	deliver(shift @waiting) while $receiver && @waiting;
}

sub submitted {
	my ($peer, $pdu) = @_;
	my $id = sprintf '%x', ++$message_id;
	$peer->submit_sm_resp(message_id => $id, seq => $pdu->{seq}, status => 0);
	say_event('submit', from => $pdu->{source_addr}, to => $pdu->{destination_addr}, ton => $pdu->{dest_addr_ton},
	    npi => $pdu->{dest_addr_npi}, data_coding => $pdu->{data_coding}, esm_class => $pdu->{esm_class},
	    registered => $pdu->{registered_delivery}, id => $id, hex => unpack('H*', $pdu->{short_message} // ''),
	    connection => $peer == ($receiver // 0) ? 'receiver' : 'transmitter');
	return unless $receiver && $pdu->{registered_delivery} & 1;
	# The id is hex in the response and decimal here, as some SMSCs have it.
	my $text = "id:$message_id sub:001 dlvrd:001 submit date:2611241200 done date:2611241201 stat:DELIVRD err:000 text:";
	my $sequence = $receiver->deliver_sm(
		source_addr_ton => 1, source_addr_npi => 1, source_addr => $pdu->{destination_addr},
		dest_addr_ton => 3, dest_addr_npi => 0, destination_addr => $pdu->{source_addr},
		esm_class => 4, data_coding => 0, short_message => $text, async => 1);
	$ref_of{$sequence} = "receipt $id";
}

sub gone {
	my ($peer) = @_;
	$select->remove($peer);
	$receiver = undef if $receiver && $receiver == $peer;
	$transmitter = undef if $transmitter && $transmitter == $peer;
	close $peer;
}

my %on = (
	Net::SMPP::CMD_bind_transceiver() => sub { bound(@_, 'transceiver') },
	Net::SMPP::CMD_bind_transmitter() => sub { bound(@_, 'transmitter') },
	Net::SMPP::CMD_bind_receiver() => sub { bound(@_, 'receiver') },
	Net::SMPP::CMD_enquire_link() => sub { $_[0]->enquire_link_resp(seq => $_[1]{seq}, status => 0) },
	Net::SMPP::CMD_enquire_link_resp() => sub { say_event('enquired', status => $_[1]{status}) },
	Net::SMPP::CMD_submit_sm() => \&submitted,
	Net::SMPP::CMD_deliver_sm_resp() => sub {
		say_event('acked', ref => delete $ref_of{ $_[1]{seq} }, status => $_[1]{status});
	},
	Net::SMPP::CMD_unbind_resp() => sub { gone($_[0]); say_event('unbound', by => 'us') },
	Net::SMPP::CMD_unbind() => sub {
		$_[0]->unbind_resp(seq => $_[1]{seq}, status => 0);
		gone($_[0]);
		say_event('unbound', by => 'peer');
	},
);

my $rest = '';
while (1) {
	my @ready = $select->can_read(120) or die "nothing for two minutes\n";
	for my $fh (@ready) {
		if ($fh == \*STDIN) {
			exit 0 if !sysread(STDIN, $rest, 65536, length $rest);
			while ($rest =~ s/^([^\n]*)\n//) { ordered($json->decode($1)) }
		} elsif ($fh == $listen) {
			my $peer = $listen->accept or next;
			$select->add($peer);
		} else {
			my $pdu = $fh->read_pdu();
			if (!$pdu) { gone($fh); say_event('closed'); next }
			my $do = $on{ $pdu->{cmd} };
			if ($do) { $do->($fh, $pdu) }
			else { say_event('unknown', command => sprintf('0x%08x', $pdu->{cmd}), status => $pdu->{status}) }
		}
	}
}
