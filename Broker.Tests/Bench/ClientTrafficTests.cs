using System.Threading.Channels;
using Broker.Bench;
using Broker.Bench.Load;
using Broker.Bench.Reports;
using Broker.Bench.Sockets;
using Broker.Bench.Versus.Clients;

namespace Broker.Tests.Bench;

/// <summary>Runs whose connections are those of a client library.</summary>
public sealed class ClientTrafficTests
{
    private static readonly LoadPlan Plan = new() { Work = Work.Both, Server = new ServerAddress("nowhere", 1), Messages = 600, Size = 30 };

    [Theory]
    [InlineData(1, 1, 0)]
    [InlineData(3, 5, 0)]
    [InlineData(2, 1, 20_000)]
    public async Task All_messages_are_published_received_and_timed(int pipeline, int batch, double rate)
    {
        LibraryInMemory library = new();
        LoadPlan plan = Plan with { Producers = 2, Consumers = 2, Pipeline = pipeline, Batch = batch, Rate = rate };
        LoadReport report = await RunAsync(plan, library);
        Assert.Equal(600, report.Published!.Messages);
        Assert.Equal(600 / batch, report.Published.Latency!.Count);
        Assert.Equal(600, report.Received!.Latency!.Count);
        Assert.Equal(0, report.Missing);
        Assert.Equal(600, library.Acknowledged);
        Assert.True(library.MostUnderWay <= pipeline, $"{library.MostUnderWay}");
        Assert.Equal(rate > 0, report.SendDelay is not null);
    }

    [Fact]
    public async Task Only_as_many_are_acknowledged_as_were_to_be_consumed()
    {
        LibraryInMemory library = new();
        await RunAsync(Plan with { Work = Work.Publish }, library);
        LoadReport report = await RunAsync(Plan with { Work = Work.Consume, Messages = 400 }, library);
        Assert.Equal(400, report.Received!.Messages);
        Assert.Equal(400, library.Acknowledged);
    }

    [Fact]
    public async Task A_message_that_is_lost_is_missing()
    {
        LoadReport report = await RunAsync(Plan with { Idle = TimeSpan.FromMilliseconds(200) }, new LibraryInMemory { Loses = 7 });
        Assert.Equal(7, report.Missing);
    }

    [Fact]
    public async Task A_publish_that_fails_ends_the_run()
    {
        LoadException failure = await Assert.ThrowsAsync<LoadException>(() => RunAsync(Plan, new LibraryInMemory { Fails = true }));
        Assert.Equal("a publish failed: full", failure.Message);
    }

    private static async Task<LoadReport> RunAsync(LoadPlan plan, IClient library)
    {
        await using LoadRun run = new(plan, progress: null, (plan, control) => new ClientTraffic(library, plan, control));
        return await run.RunAsync(CancellationToken.None);
    }

    private sealed class LibraryInMemory : IClient
    {
        private readonly Channel<byte[]> _messages = Channel.CreateUnbounded<byte[]>();
        private int _lost;
        private int _acknowledged;
        private int _mostUnderWay;

        public int Loses { get; init; }

        public bool Fails { get; init; }

        public int Acknowledged => Volatile.Read(ref _acknowledged);

        public int MostUnderWay => _mostUnderWay;

        public Task CreateAsync(string topic, LoadPlan plan) => Task.CompletedTask;

        public Task DeleteAsync(string topic) => Task.CompletedTask;

        public Task<IClientPublisher> OpenPublisherAsync() => Task.FromResult<IClientPublisher>(new Publisher(this));

        public Task<IClientConsumer> OpenConsumerAsync(string topic, int ready) => Task.FromResult<IClientConsumer>(new Consumer(this));

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;

        private sealed class Publisher(LibraryInMemory library) : IClientPublisher
        {
            private int _underWay;

            public async Task PublishAsync(string topic, IReadOnlyList<ReadOnlyMemory<byte>> bodies)
            {
                int underWay = Interlocked.Increment(ref _underWay);
                int most;
                while (underWay > (most = Volatile.Read(ref library._mostUnderWay)))
                    Interlocked.CompareExchange(ref library._mostUnderWay, underWay, most);
                await Task.Yield();
                if (library.Fails)
                    throw new InvalidOperationException("full");
                foreach (ReadOnlyMemory<byte> body in bodies)
                {
                    if (Interlocked.Increment(ref library._lost) > library.Loses)
                        library._messages.Writer.TryWrite(body.ToArray());
                }
                Interlocked.Decrement(ref _underWay);
            }

            public ValueTask DisposeAsync() => ValueTask.CompletedTask;
        }

        private sealed class Consumer(LibraryInMemory library) : IClientConsumer
        {
            public async Task ConsumeAsync(MessageReceived received, CancellationToken stop)
            {
                await foreach (byte[] body in library._messages.Reader.ReadAllAsync(stop))
                {
                    if (received(body, redelivered: false))
                        Interlocked.Increment(ref library._acknowledged);
                }
            }

            public ValueTask DisposeAsync() => ValueTask.CompletedTask;
        }
    }
}
