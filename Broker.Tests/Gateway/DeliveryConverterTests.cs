using Broker.Gateways;
using Broker.Messages;

namespace Broker.Tests.Gateway;

/// <summary>What a delivery takes along to another process.</summary>
public sealed class DeliveryConverterTests
{
    private static readonly DeliveryConverter Converter = new();

    [Fact]
    public void Runs_arrive_as_they_were_and_take_only_their_own_records_along()
    {
        MessageBatch large = Batch(100, [.. Enumerable.Range(0, 50).Select(i => $"large {i}")]);
        MessageBatch small = Batch(7, "seven", "", "nine");
        Delivery sent = new()
        {
            ChannelKey = "t:c",
            Incarnation = 3,
            Runs =
            [
                new DeliveryRun(1, large, large.PositionOf(20), 120, 2, 1),
                new DeliveryRun(2, small, 0, 7, 3, ushort.MaxValue),
                new DeliveryRun(1, large, large.PositionOf(49), 149, 1, 2),
            ],
        };

        DeliverySurrogate surrogate = Converter.ConvertToSurrogate(sent);
        Delivery received = Converter.ConvertFromSurrogate(surrogate);

        Assert.Equal(("t:c", 3L), (received.ChannelKey, received.Incarnation));
        Assert.Equal(sent.Runs.Select(Show), received.Runs.Select(Show));
        Assert.Equal(sent.Runs.Sum(run => run.MeasureRecords()), surrogate.Records.Length);
    }

    [Fact]
    public void A_run_that_is_its_whole_batch_is_not_copied()
    {
        MessageBatch batch = Batch(0, "a", "b");
        Delivery sent = new() { ChannelKey = "t:c", Incarnation = 1, Runs = [new DeliveryRun(1, batch, 0, 0, 2, 1)] };
        Assert.Same(batch.Records, Converter.ConvertToSurrogate(sent).Records);
    }

    private static MessageBatch Batch(long offset, params string[] bodies) =>
        MessageBatch.Create(5, [.. bodies.Select(body => System.Text.Encoding.UTF8.GetBytes(body))]).At(offset);

    private static string Show(DeliveryRun run)
    {
        int position = run.Position;
        List<string> records = [];
        for (int i = 0; i < run.Count; i++)
        {
            records.Add($"{run.Batch.TimestampAt(position)} {System.Text.Encoding.UTF8.GetString(run.Batch.BodyAt(position).Span)}");
            position += run.Batch.SizeAt(position);
        }
        return $"consumer {run.Consumer}, offset {run.FirstOffset}, attempts {run.Attempts}: {string.Join(", ", records)}";
    }
}
