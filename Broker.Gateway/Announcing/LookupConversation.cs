using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Broker.Protocol.Lookup;

namespace Broker.Gateway.Announcing;

/// <summary>The protocol of lookup services from a node's side, over one connection (spec 4.1, 4.3).</summary>
internal sealed class LookupConversation : IAsyncDisposable
{
    /// <summary>Greatest number of commands that are sent before their answers are read. So many fit into any socket buffer, both ways.</summary>
    public const int MaxPipelined = 100;

    // Connecting, writing, and each answer, as in nsqd.
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(1);

    private readonly NetworkStream _stream;
    private readonly PipeReader _reader;
    private readonly TimeProvider _time;
    private readonly int _maxReply;

    private LookupConversation(Socket socket, TimeProvider time, int maxReply)
    {
        _stream = new NetworkStream(socket, ownsSocket: true);
        _reader = PipeReader.Create(_stream, new StreamPipeReaderOptions(leaveOpen: true));
        _time = time;
        _maxReply = maxReply;
    }

    private static ReadOnlySpan<byte> Ok => "OK"u8;

    /// <summary>Connects and sends the magic.</summary>
    /// <param name="endPoint">Where the lookup service is.</param>
    /// <param name="time">The clock.</param>
    /// <param name="maxReply">Greatest size of an answer in bytes.</param>
    /// <param name="cancellation">Ends the attempt.</param>
    /// <exception cref="SocketException">Nobody listens there.</exception>
    /// <exception cref="TimeoutException">It took too long.</exception>
    public static async Task<LookupConversation> OpenAsync(IPEndPoint endPoint, TimeProvider time, int maxReply, CancellationToken cancellation)
    {
        Socket socket = new(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await LimitAsync(limited => socket.ConnectAsync(endPoint, limited), "connecting", time, cancellation);
            LookupConversation conversation = new(socket, time, maxReply);
            await conversation.WriteAsync("  V1"u8.ToArray(), cancellation);
            return conversation;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Says who speaks, and learns who answers.</summary>
    /// <exception cref="LookupRefusedException">The service does not take it.</exception>
    public async Task<PeerInfo> IdentifyAsync(PeerInfo self, CancellationToken cancellation)
    {
        byte[] body = self.ToJson();
        byte[] command = new byte["IDENTIFY\n".Length + sizeof(int) + body.Length];
        "IDENTIFY\n"u8.CopyTo(command);
        BinaryPrimitives.WriteInt32BigEndian(command.AsSpan("IDENTIFY\n".Length), body.Length);
        body.CopyTo(command, "IDENTIFY\n".Length + sizeof(int));
        await WriteAsync(command, cancellation);
        byte[] answer = await ReadReplyAsync(cancellation);
        return PeerInfo.TryParse(answer) ?? throw Refused("IDENTIFY", answer);
    }

    /// <summary>Sends commands, many at a time, and checks that each is answered <c>OK</c>.</summary>
    /// <exception cref="LookupRefusedException">One is answered otherwise.</exception>
    public async Task SendAsync(IReadOnlyCollection<LookupCommand> commands, CancellationToken cancellation)
    {
        foreach (LookupCommand[] some in commands.Chunk(MaxPipelined))
        {
            await WriteAsync([.. some.SelectMany(command => command.ToLine())], cancellation);
            foreach (LookupCommand command in some)
            {
                byte[] answer = await ReadReplyAsync(cancellation);
                if (!answer.AsSpan().SequenceEqual(Ok))
                    throw Refused(Encoding.ASCII.GetString(command.ToLine()).TrimEnd(), answer);
            }
        }
    }

    /// <summary>Shows that this node lives.</summary>
    /// <exception cref="LookupRefusedException">It is answered otherwise than with <c>OK</c>.</exception>
    public async Task PingAsync(CancellationToken cancellation)
    {
        await WriteAsync("PING\n"u8.ToArray(), cancellation);
        byte[] answer = await ReadReplyAsync(cancellation);
        if (!answer.AsSpan().SequenceEqual(Ok))
            throw Refused("PING", answer);
    }

    /// <summary>Waits with nothing asked, and so notices at once when the service goes.</summary>
    /// <exception cref="IOException">The connection has ended, or something came that was not asked for.</exception>
    public async Task IdleAsync(Task until)
    {
        Task<ReadResult> reading = _reader.ReadAsync(CancellationToken.None).AsTask();
        await Task.WhenAny(until, reading);
        _reader.CancelPendingRead();
        ReadResult result = await reading;
        if (!result.Buffer.IsEmpty)
            throw new IOException("it spoke without having been asked");
        if (result.IsCompleted)
            throw new EndOfStreamException("it closed the connection");
        _reader.AdvanceTo(result.Buffer.Start);
        await until;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _reader.CompleteAsync();
        await _stream.DisposeAsync();
    }

    private static LookupRefusedException Refused(string command, byte[] answer) =>
        new($"{command} was answered with \"{Encoding.Latin1.GetString(answer.AsSpan(0, Math.Min(answer.Length, 200)))}\"");

    private static async Task LimitAsync(Func<CancellationToken, ValueTask> action, string what, TimeProvider time, CancellationToken cancellation)
    {
        using CancellationTokenSource limit = new(Limit, time);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellation);
        try
        {
            await action(either.Token);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new TimeoutException($"{what} took longer than {Limit.TotalSeconds} s");
        }
    }

    private Task WriteAsync(byte[] bytes, CancellationToken cancellation) =>
        LimitAsync(limited => _stream.WriteAsync(bytes, limited), "writing", _time, cancellation);

    private async Task<byte[]> ReadReplyAsync(CancellationToken cancellation)
    {
        byte[] reply = [];
        await LimitAsync(async limited => reply = await ReadAsync(limited), "its answer", _time, cancellation);
        return reply;

        async ValueTask<byte[]> ReadAsync(CancellationToken limited)
        {
            int length = BinaryPrimitives.ReadInt32BigEndian(await TakeAsync(sizeof(int), limited));
            if (length < 0 || length > _maxReply)
                throw new IOException($"it announced an answer of {length} bytes");
            return await TakeAsync(length, limited);
        }
    }

    private async ValueTask<byte[]> TakeAsync(int count, CancellationToken cancellation)
    {
        if (count == 0)
            return [];
        ReadResult result = await _reader.ReadAtLeastAsync(count, cancellation);
        if (result.Buffer.Length < count)
            throw new EndOfStreamException("it closed the connection");
        ReadOnlySequence<byte> bytes = result.Buffer.Slice(0, count);
        byte[] copy = bytes.ToArray();
        _reader.AdvanceTo(bytes.End);
        return copy;
    }
}
