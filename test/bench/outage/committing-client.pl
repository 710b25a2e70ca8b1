#!/usr/bin/perl
# A client inside the guest: commits one row after the other into bench.rows, and comes again every 10 ms when the server is
# away. Says "away" when it has lost the server, "back" when the next commit is acknowledged.
#
#   committing-client SOCKET       logs in as the user bench, without a password
use strict;
use warnings;
use Socket;
use Time::HiRes qw(sleep);

my ($socket_path) = @ARGV;
my ($server, $said) = (undef, '');
$| = 1;
$SIG{PIPE} = 'IGNORE';
while (1) {
  my $state = ($server || log_in()) && commit() ? 'back' : 'away';
  print "$state\n" if $state ne $said;
  $said = $state;
  sleep(0.01);
}

sub commit {
  return ask("\3INSERT INTO bench.rows VALUES ()", 0) || lost();
}

sub log_in {
  socket($server, PF_UNIX, SOCK_STREAM, 0) or die;
  return lost() unless connect($server, pack_sockaddr_un($socket_path)) && sysread($server, my $greeting, 4096);
  my $login = pack('VVC', 0x88201, 1 << 24, 33) . "\0" x 23 . "bench\0\0mysql_native_password\0";
  return ask($login, 1) || lost();
}

# True when the server answered OK.
sub ask {
  my ($body, $sequence) = @_;
  my $answer = '';
  return syswrite($server, substr(pack('V', length $body), 0, 3) . chr($sequence) . $body)
    && sysread($server, $answer, 4096)
    && substr($answer, 4, 1) eq "\0";
}

sub lost {
  close($server) if $server;
  $server = undef;
  return 0;
}
