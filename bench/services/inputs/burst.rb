# SPDX-License-Identifier: MIT-0
#
# Bursts of what ruby takes from malloc: strings, arrays, hashes, big numbers, regular expressions;
# half of them in threads.
require "digest"
require "zlib"

def burst(seed, count)
  source = Random.new(seed)
  strings = Array.new(count) { |i| (i % 256).chr * (24 + source.rand(i % 50 == 0 ? 40_000 : 1500)) }
  table = strings.each_with_index.to_h { |string, i| ["key #{i}", [string[0, 30], i, i.to_s * 3]] }
  strings.each_slice(7) { |few| few[0] << few[-1] }
  big = (1..400).inject(:*) ** 3
  words = table.values.map(&:first).join(" ").scan(/[a-m]+|\d+/).size
  packed = Zlib::Deflate.deflate(strings.first(500).join)
  Digest::SHA256.hexdigest([strings.join, table.to_a.inspect, big, words, packed].join("|"))[0, 16]
end

rounds = ARGV[0].to_i
rounds.times do |round|
  puts burst(round, 25_000)
  puts Array.new(2) { |i| Thread.new { burst(100 * i + round, 6000) } }.map(&:value)
end
2.times { GC.start }
GC.compact
GC.start
puts "phase freed"
$stdout.flush
sleep ARGV[1].to_f
puts "phase idle"
$stdout.flush
sleep 0.3 # Still there while it is looked at.
