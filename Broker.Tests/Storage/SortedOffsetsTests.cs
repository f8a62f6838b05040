using Broker.Storage;

namespace Broker.Tests.Storage;

/// <summary>Holds the map against a plain sorted dictionary.</summary>
public sealed class SortedOffsetsTests
{
    [Fact]
    public void It_behaves_like_a_sorted_dictionary()
    {
        Random random = new(1);
        SortedOffsets<(int Step, bool Stays)> map = new();
        SortedDictionary<long, (int Step, bool Stays)> model = [];
        for (int step = 0; step < 20_000; step++)
        {
            long offset = random.Next(5_000);
            if (random.Next(40) == 0)
            {
                long end = offset + random.Next(200);
                bool all = random.Next(2) == 0;
                map.Remove(offset, end, all ? null : value => value.Stays);
                foreach (long key in model.Where(e => e.Key >= offset && e.Key < end && (all || !e.Value.Stays)).Select(e => e.Key).ToArray())
                    model.Remove(key);
            }
            else
            {
                (int, bool) value = (step, random.Next(3) == 0);
                map.Set(offset, value);
                model[offset] = value;
            }
            Assert.Equal(model.Count, map.Count);
            Assert.Equal(model.TryGetValue(offset, out (int, bool) known), map.TryGet(offset, out (int, bool) found));
            Assert.Equal(known, found);
        }
        Assert.Equal(model.Select(pair => (pair.Key, pair.Value)), map.InOrder);
    }
}
