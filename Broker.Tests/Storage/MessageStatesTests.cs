using Broker.Storage;

namespace Broker.Tests.Storage;

/// <summary>Holds the sorted states against a plain sorted dictionary.</summary>
public sealed class MessageStatesTests
{
    [Fact]
    public void It_behaves_like_a_sorted_dictionary()
    {
        Random random = new(1);
        MessageStates states = new();
        SortedDictionary<long, MessageState> model = [];
        for (int step = 0; step < 20_000; step++)
        {
            long offset = random.Next(5_000);
            if (random.Next(40) == 0)
            {
                long end = offset + random.Next(200);
                bool kept = random.Next(2) == 0;
                states.Remove(offset, end, kept);
                foreach (long key in model.Where(e => e.Key >= offset && e.Key < end && (kept || !e.Value.Kept)).Select(e => e.Key).ToArray())
                    model.Remove(key);
            }
            else
            {
                MessageState state = new(offset, (ushort)random.Next(9), step, random.Next(3) == 0);
                states.Set(state);
                model[offset] = state;
            }
            Assert.Equal(model.Count, states.Count);
            Assert.Equal(model.TryGetValue(offset, out MessageState known), states.TryGet(offset, out MessageState found));
            Assert.Equal(known, found);
            if (step % 1_000 == 0)
                Assert.Equal(model.Values, states.InOrder());
        }
        Assert.Equal(model.Values, states.InOrder());
    }
}
