# SPDX-License-Identifier: MIT-0
#
# The same tests for test-unit and for minitest: suite.rb test-unit|minitest. The order is fixed, since
# the output is compared.
require "digest"
require "json"
require "set"
require "stringio"
require "zlib"

if ARGV.delete("minitest")
  require "minitest"
  ARGV.push("--seed", "1")
  require "minitest/autorun"
  BASE = Minitest::Test
else
  ARGV.clear
  require "test/unit"
  BASE = Test::Unit::TestCase
end

class Suite < BASE
  TEXT = Array.new(20_000) { |i| (i * 7919).to_s }.join(",").freeze

  def test_deflate_gives_back_what_it_was_given
    10.times { assert_equal(TEXT, Zlib::Inflate.inflate(Zlib::Deflate.deflate(TEXT))) }
  end

  def test_marshal_gives_back_what_it_was_given
    value = { "a" => Array.new(20_000) { |i| [i, i.to_s, i * 1.5] }, :b => TEXT }
    assert_equal(value, Marshal.load(Marshal.dump(value)))
    assert_equal(JSON.parse(JSON.generate(value["a"])), value["a"])
  end

  def test_strings_grow_and_shrink
    string = +""
    100_000.times { |i| string << i.to_s }
    assert_equal(488_890, string.size)
    string.slice!(1000..)
    assert_equal(1000, string.size)
    assert_equal(TEXT.count(","), TEXT.gsub(/\d+/) { |n| n.reverse }.count(","))
  end

  def test_sets_and_sorting
    numbers = Array.new(50_000) { |i| (i * 104_729) % 65_537 }
    assert_equal(numbers.uniq.sort, Set.new(numbers).to_a.sort)
  end

  def test_threads_and_fibers
    sums = Array.new(4) { |t| Thread.new { Array.new(20_000) { |i| "#{t}#{i}" }.sum(&:size) } }.map(&:value)
    assert_equal([108_890] * 4, sums)
    fibers = Array.new(200) { |i| Fiber.new { Fiber.yield("x" * i); i } }
    assert_equal(199 * 100, fibers.sum { |fiber| fiber.resume.size })
    assert_equal(199 * 100, fibers.sum(&:resume))
  end

  def test_a_child_answers
    reader, writer = IO.pipe
    pid = fork do
      reader.close
      writer.write(Digest::SHA256.hexdigest(TEXT * 3))
      writer.close
      exit!(0)
    end
    writer.close
    assert_equal(Digest::SHA256.hexdigest(TEXT * 3), reader.read)
    assert_equal(0, Process.wait2(pid)[1].exitstatus)
  end
end
