using Broker.Messages;
using Broker.Storage;

namespace Broker.Tests.Storage;

public sealed class DeadNumbersTests
{
    [Fact]
    public void What_is_removed_leaves_gaps_until_the_floor_has_passed_them()
    {
        DeadNumbers numbers = new();
        for (long number = 0; number < 10; number++)
            numbers.Add(number, 5);
        Assert.Equal(2, numbers.Remove(3, 5, 10));
        Assert.Equal(1, numbers.Remove(4, 6, 5));
        Assert.Equal(0, numbers.Remove(3, 6, 15));
        Assert.Equal([new OffsetRange(0, 3), new OffsetRange(6, 10)], numbers.Live(0, 20));
        Assert.Equal([new OffsetRange(2, 3), new OffsetRange(6, 7)], numbers.Live(2, 7));
        Assert.Equal((10, 7, 0), (numbers.End, numbers.Count, numbers.Floor));
        Assert.Equal(3, numbers.Remove(0, 3, 15));
        Assert.Equal((6, 4), (numbers.Floor, numbers.Count));
        Assert.Empty(numbers.Removed);
        Assert.Equal(4, numbers.Copy().Remove(0, 100, 20));
    }

    [Fact]
    public void The_bytes_of_what_is_left_are_known()
    {
        DeadNumbers numbers = new();
        numbers.Add(0, 7);
        numbers.Add(1, 9);
        numbers.Remove(0, 1, 7);
        Assert.Equal(9, numbers.Bytes);
        numbers.Remove(1, 2, 9);
        Assert.Equal((0, 0), (numbers.Bytes, numbers.Count));
    }

    [Fact]
    public void It_agrees_with_a_plain_set()
    {
        for (int seed = 0; seed < 100; seed++)
        {
            Random random = new(seed);
            DeadNumbers numbers = new();
            SortedSet<long> plain = [];
            for (int step = 0; step < 200; step++)
            {
                if (random.Next(2) == 0)
                {
                    plain.Add(numbers.End);
                    numbers.Add(numbers.End, 1);
                }
                else
                {
                    long from = random.Next(100);
                    long to = from + random.Next(10);
                    long removed = plain.RemoveWhere(number => number >= from && number < to);
                    Assert.Equal(removed, numbers.Remove(from, to, removed));
                }

                Assert.Equal(plain, numbers.Live(0, long.MaxValue).SelectMany(range => Enumerable.Range((int)range.Start, (int)range.Length).Select(i => (long)i)));
                Assert.Equal((plain.Count, plain.Count), (numbers.Count, numbers.Bytes));
            }
        }
    }
}
