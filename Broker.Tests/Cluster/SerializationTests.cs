using Broker.Gateways;
using Broker.Messages;
using Broker.Storage;
using Broker.Topics;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Serialization;

namespace Broker.Tests.Cluster;

/// <summary>What becomes of things on their way to another silo.</summary>
public sealed class SerializationTests : IDisposable
{
    private const int Messages = 200;

    private readonly ServiceProvider _services = new ServiceCollection().AddSerializer().BuildServiceProvider();

    private Serializer Serializer => _services.GetRequiredService<Serializer>();

    [Fact]
    public void A_delivery_of_one_message_does_not_take_its_batch_along()
    {
        MessageBatch batch = MessageBatch.Create(1, [.. Enumerable.Range(0, Messages).Select(i => new byte[Messages])]).At(0);
        byte[] bytes = Serializer.SerializeToArray(new Delivery
        {
            ChannelKey = "t:c", Incarnation = 1, Runs = [new DeliveryRun(4, batch, batch.PositionOf(7), 7, 1, 2)],
        });
        Assert.InRange(bytes.Length, Messages, 2 * Messages);
        DeliveryRun run = Assert.Single(Serializer.Deserialize<Delivery>(bytes)!.Runs);
        Assert.Equal((4, 7L, 1, (ushort)2, Messages), (run.Consumer, run.FirstOffset, run.Count, run.Attempts, run.Batch.BodyAt(run.Position).Length));
    }

    [Fact]
    public void A_publish_arrives_as_it_was_and_costs_little_more_than_its_records()
    {
        MessageBatch batch = MessageBatch.Create(1, [.. Enumerable.Range(0, Messages).Select(i => BitConverter.GetBytes(i))]);
        byte[] bytes = Serializer.SerializeToArray(new PublishRequest { Publisher = 5, Sequence = 6, Batch = batch });
        Assert.InRange(bytes.Length, batch.Records.Length, batch.Records.Length + 100);
        PublishRequest request = Serializer.Deserialize<PublishRequest>(bytes)!;
        Assert.Equal((5L, 6L, Messages), (request.Publisher, request.Sequence, request.Batch.Count));
        Assert.Equal(batch.Records, request.Batch.Records);
    }

    [Fact]
    public void A_failure_of_the_store_arrives_as_what_it_was()
    {
        byte[] bytes = Serializer.SerializeToArray<Exception>(new FencedException("elsewhere"));
        Assert.Equal("elsewhere", Assert.IsType<FencedException>(Serializer.Deserialize<Exception>(bytes)).Message);
    }

    [Fact]
    public void What_is_immutable_is_not_copied_within_a_silo()
    {
        DeepCopier copier = _services.GetRequiredService<DeepCopier>();
        PublishRequest request = new() { Publisher = 5, Sequence = 6, Batch = MessageBatch.Create(1, [[1]]) };
        Assert.Same(request, copier.Copy(request));
    }

    public void Dispose() => _services.Dispose();
}
