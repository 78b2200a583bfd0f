# SPDX-License-Identifier: MIT-0
#
# Perl: hashes of arrays, string building, regular expressions.
use strict;
use warnings;

my $random = 12345;
sub next_random { $random = ($random * 1103515245 + 12345) & 0x7fffffff; return ($random >> 8) % $_[0]; }

my %index;
my $text = '';
for my $i (1 .. 120000) {
    my $word = join '', map { chr(97 + next_random(8)) } 1 .. 2 + next_random(5);
    push @{ $index{$word} }, $i;
    $text .= $word . ($i % 12 ? ' ' : "\n");
}
print scalar(keys %index), " words\n";

my %count;
$count{length $1}++ while $text =~ /\b((?:[a-d][e-h])+[a-h]?)\b/g;
print "$_ $count{$_}\n" for sort { $a <=> $b } keys %count;

my @lines = sort map { join ' ', reverse split / / } split /\n/, $text;
print "$lines[$_]\n" for grep { $_ % 1000 == 0 } 0 .. $#lines;

for my $word (sort keys %index) {
    delete $index{$word} if @{ $index{$word} } < 3;
}
(my $short = $text) =~ s/([a-c]+)/'<' . length($1) . '>'/ge;
print length($short), ' ', scalar(keys %index), "\n";
