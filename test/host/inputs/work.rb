# SPDX-License-Identifier: MIT-0
#
# Ruby: strings, hashes, sorting, regular expressions.
random = Random.new(7)
words = Array.new(40_000) { Array.new(2 + random.rand(6)) { (97 + random.rand(8)).chr }.join }
groups = words.group_by { |word| word[0, 2] }
groups.sort.each { |key, list| puts "#{key} #{list.size} #{list.uniq.size}" }
text = words.each_slice(10).map { |slice| slice.join(" ") }.join("\n")
puts text.scan(/\b[a-c]+[d-h]\b/).tally.sort.first(20).inspect
table = {}
100_000.times { |i| table["key #{random.rand(30_000)}"] = [i, i.to_s * 3] }
puts table.size, table.values.sum { |pair| pair[1].size }
puts text.gsub(/[aeiou]/) { |letter| letter.upcase * 2 }.sum
