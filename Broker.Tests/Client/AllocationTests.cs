using System.Net;
using System.Net.Sockets;
using System.Text;
using Broker.Client;
using Broker.Tests.Running;

namespace Broker.Tests.Client;

/// <summary>What a message costs the garbage collector.</summary>
[Collection(AllocationCollection.Name)]
public sealed class AllocationTests
{
    private const int BodySize = 200;
    private const int Batch = 500;
    private const int FinishSize = 21;

#if DEBUG
    // Without optimisation the compiler makes each asynchronous method's state an object.
    private const double Noise = 300;
#else
    // The smallest object takes 24 bytes, so one for each message, or for every second one, cannot hide below this. What does is
    // not the client's: the just-in-time compiler, which is still at it, and the test runner.
    private const double Noise = 12;
#endif

    [Fact]
    public async Task A_received_message_costs_its_bytes_and_nothing_else()
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        await using NsqConsumer consumer = new(new NsqConsumerOptions
        {
            Topic = "orders",
            Channel = "mail",
            Addresses = { listener.LocalEndpoint.ToString()! },
            MaxInFlight = 2 * Batch,
        });
        long sum = 0;
        Task starting = consumer.StartAsync((message, _) =>
        {
            sum += message.Body.Span[0] + message.Attempts;
            return ValueTask.CompletedTask;
        });
        using Socket socket = await listener.AcceptSocketAsync();
        Converse(socket, ScriptedConnection.PlainReply, "OK");
        await starting;

        byte[] messages = [.. Enumerable.Range(0, Batch).SelectMany(i => ScriptedConnection.Message($"{i}", new string('x', BodySize)))];
        byte[] answers = new byte[Batch * FinishSize];
        ReceiveAll(socket, new byte["SUB orders mail\nRDY 1000\n".Length]);
        Run(100);
        double perMessage = LeastPerMessage(Run);

        // The body, and before it the header of a message and that of a frame; a part of an array is not full yet.
        Assert.InRange(perMessage - (BodySize + 26 + 8), -1, Noise);

        void Run(int count)
        {
            for (int i = 0; i < count; i++)
            {
                SendAll(socket, messages);
                ReceiveAll(socket, answers);
            }
        }
    }

    [Fact]
    public async Task A_published_message_costs_nothing()
    {
        byte[] line = Encoding.ASCII.GetBytes("PUB orders\n");
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        await using NsqProducer producer = new(new NsqProducerOptions { Addresses = { listener.LocalEndpoint.ToString()! } });
        Task ping = producer.PingAsync().AsTask();
        using Socket socket = await listener.AcceptSocketAsync();
        Converse(socket, ScriptedConnection.PlainReply);
        await ping;

        byte[] body = new byte[BodySize];
        byte[] commands = new byte[Batch * (line.Length + 4 + BodySize)];
        byte[] answers = [.. Enumerable.Range(0, Batch).SelectMany(_ => ScriptedConnection.Frame(0, "OK"u8))];
        ValueTask[] publishes = new ValueTask[Batch];
        ReceiveAll(socket, new byte["NOP\n".Length]);
        Run(100);
        double perMessage = LeastPerMessage(Run);
        Assert.InRange(perMessage, 0, Noise);

        void Run(int count)
        {
            for (int i = 0; i < count; i++)
            {
                for (int j = 0; j < Batch; j++) publishes[j] = producer.PublishAsync("orders", body);
                ReceiveAll(socket, commands);
                SendAll(socket, answers);
                foreach (ValueTask publish in publishes)
                {
                    SpinWait wait = default;
                    while (!publish.IsCompleted) wait.SpinOnce();
                    publish.GetAwaiter().GetResult();
                }
            }
        }
    }

    /// <summary>Bytes that a message costs. What else the process does only ever adds to it, so the least of several rounds is closest.</summary>
    private static double LeastPerMessage(Action<int> run)
    {
        const int batches = 400;
        return Enumerable.Range(0, 3).Min(_ =>
        {
            long before = GC.GetTotalAllocatedBytes(precise: true);
            run(batches);
            return (GC.GetTotalAllocatedBytes(precise: true) - before) / (double)(batches * Batch);
        });
    }

    /// <summary>Takes the magic, IDENTIFY and what follows it, and gives these answers.</summary>
    private static void Converse(Socket socket, params string[] answers)
    {
        byte[] hello = new byte["  V2IDENTIFY\n".Length + 4];
        ReceiveAll(socket, hello);
        ReceiveAll(socket, new byte[System.Buffers.Binary.BinaryPrimitives.ReadInt32BigEndian(hello.AsSpan(hello.Length - 4))]);
        foreach (string answer in answers) SendAll(socket, ScriptedConnection.Frame(0, Encoding.ASCII.GetBytes(answer)));
    }

    private static void SendAll(Socket socket, byte[] bytes)
    {
        for (int sent = 0; sent < bytes.Length;) sent += socket.Send(bytes.AsSpan(sent));
    }

    private static void ReceiveAll(Socket socket, byte[] bytes)
    {
        socket.ReceiveTimeout = (int)NsqSocket.Patience.TotalMilliseconds;
        for (int got = 0; got < bytes.Length;)
        {
            int count = socket.Receive(bytes.AsSpan(got));
            Assert.NotEqual(0, count);
            got += count;
        }
    }
}
