using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;
using System.Net;
using System.Text;
using Broker.Lookup.Registrations;
using Broker.Protocol;
using Broker.Protocol.Lookup;
using Broker.Serving.Hosting;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;

namespace Broker.Lookup.Connections;

/// <summary>One node's connection to the lookup service: magic, IDENTIFY, then what it has (spec 4.1).</summary>
internal sealed class LookupSession(
    ConnectionContext connection, LookupRegistry registry, LookupOptions options, BoundAddresses bound, ILogger logger)
{
    // A REGISTER with the longest names takes 139 bytes, an IDENTIFY's body a few hundred. nsqlookupd takes any size, and
    // crashes on a negative one.
    private const int MaxLine = 4096;
    private const int MaxIdentifyBody = 64 << 10;

    private static readonly char[] Blanks = [' ', '\t', '\n', '\v', '\f', '\r'];

    private readonly PipeReader _input = connection.Transport.Input;
    private readonly PipeWriter _output = connection.Transport.Output;
    private readonly string _remote = connection.RemoteEndPoint is IPEndPoint ip
        ? new IPEndPoint(ip.Address.IsIPv4MappedToIPv6 ? ip.Address.MapToIPv4() : ip.Address, ip.Port).ToString()
        : connection.ConnectionId;
    private LookupPeer? _peer;
    private volatile bool _isStopping;
    private volatile bool _hasGivenCommand;

    private static ReadOnlySpan<byte> Magic => "  V1"u8;

    /// <summary>Ends the conversation, whatever it waits for.</summary>
    public void Stop()
    {
        // Told before the read is cancelled: which read the cancellation ends does not matter then.
        _isStopping = true;
        _input.CancelPendingRead();
    }

    /// <summary>Whether a command was complete.</summary>
    public bool HasGivenCommand => _hasGivenCommand;

    /// <summary>Runs until the node goes, does something wrong, or <see cref="Stop"/> is called.</summary>
    public async Task RunAsync()
    {
        try
        {
            if (await ReadAsync(Magic.Length) is not { } magic)
                return;
            if (!magic.AsSpan().SequenceEqual(Magic))
            {
                await ReplyAsync(LookupReply.Error("E_BAD_PROTOCOL"));
                return;
            }
            while (await ReadLineAsync() is { } line)
            {
                _hasGivenCommand = true;
                LookupReply reply = line.Length > MaxLine
                    ? LookupReply.Error($"E_INVALID command is longer than {MaxLine} bytes")
                    : await ExecuteAsync(line.Trim(Blanks).Split(' '));
                await ReplyAsync(reply);
                if (reply.IsFatal)
                    return;
            }
        }
        catch (Exception e) when (e is IOException or ConnectionAbortedException or ConnectionResetException)
        {
            logger.ConnectionLost(e, _remote);
        }
        finally
        {
            if (_peer is not null)
            {
                registry.Remove(_peer);
                logger.NodeWent(_remote, _peer.Info.BroadcastAddress);
            }
        }
    }

    private async ValueTask<LookupReply> ExecuteAsync(string[] words)
    {
        switch (words[0])
        {
            case "PING":
                if (_peer is not null)
                    registry.Touch(_peer);
                return LookupReply.Ok;
            case "IDENTIFY":
                return await IdentifyAsync();
            case "REGISTER":
            case "UNREGISTER":
                return Change(words);
            default:
                return LookupReply.Error($"E_INVALID invalid command {words[0]}");
        }
    }

    private async ValueTask<LookupReply> IdentifyAsync()
    {
        if (_peer is not null)
            return LookupReply.Error("E_INVALID cannot IDENTIFY again");
        if (await ReadAsync(sizeof(int)) is not { } size)
            return LookupReply.Error("E_BAD_BODY IDENTIFY failed to read body size");
        int length = BinaryPrimitives.ReadInt32BigEndian(size);
        if (length is <= 0 or > MaxIdentifyBody || await ReadAsync(length) is not { } body)
            return LookupReply.Error("E_BAD_BODY IDENTIFY failed to read body");
        if (PeerInfo.TryParse(body) is not { } info)
            return LookupReply.Error("E_BAD_BODY IDENTIFY failed to decode JSON body");
        if (!info.IsComplete)
            return LookupReply.Error("E_BAD_BODY IDENTIFY missing fields");
        _peer = registry.Add(_remote, info);
        logger.NodeCame(_remote, info.BroadcastAddress, info.TcpPort, info.HttpPort, info.Version);
        string hostname = Dns.GetHostName();
        PeerInfo answer = new()
        {
            BroadcastAddress = options.BroadcastAddress.Length > 0 ? options.BroadcastAddress : hostname,
            Hostname = hostname,
            HttpPort = bound.LookupHttpPort,
            TcpPort = bound.LookupTcpPort,
            Version = options.Version,
        };
        return new LookupReply(answer.ToJson(), IsFatal: false);
    }

    private LookupReply Change(string[] words)
    {
        string command = words[0];
        if (_peer is null)
            return LookupReply.Error("E_INVALID client must IDENTIFY");
        if (words.Length < 2)
            return LookupReply.Error($"E_INVALID {command} insufficient number of params");
        string topic = words[1];
        string? channel = words.Length > 2 && words[2].Length > 0 ? words[2] : null;
        if (!NsqName.IsValid(topic))
            return LookupReply.Error($"E_BAD_TOPIC {command} topic name '{topic}' is not valid");
        if (channel is not null && !NsqName.IsValid(channel))
            return LookupReply.Error($"E_BAD_CHANNEL {command} channel name '{channel}' is not valid");
        if (command == "REGISTER")
            registry.Register(_peer, topic, channel);
        else
            registry.Unregister(_peer, topic, channel);
        logger.Registered(_remote, command, topic, channel);
        return LookupReply.Ok;
    }

    private async ValueTask ReplyAsync(LookupReply reply)
    {
        if (reply.IsFatal)
            logger.LookupRefused(_remote, Encoding.Latin1.GetString(reply.Data));
        Span<byte> head = _output.GetSpan(sizeof(int));
        BinaryPrimitives.WriteInt32BigEndian(head, reply.Data.Length);
        _output.Advance(sizeof(int));
        _output.Write(reply.Data);
        await _output.FlushAsync();
    }

    /// <summary>The next so many bytes; null when the connection ends before them.</summary>
    private async ValueTask<byte[]?> ReadAsync(int count)
    {
        ReadResult result = await _input.ReadAtLeastAsync(count);
        if (result.Buffer.Length < count || _isStopping)
        {
            _input.AdvanceTo(result.Buffer.End);
            return null;
        }
        ReadOnlySequence<byte> bytes = result.Buffer.Slice(0, count);
        byte[] copy = bytes.ToArray();
        _input.AdvanceTo(bytes.End);
        return copy;
    }

    /// <summary>The next line as Latin-1; one character too long when it is longer than is taken; null at the end of the connection.</summary>
    private async ValueTask<string?> ReadLineAsync()
    {
        while (true)
        {
            ReadResult result = await _input.ReadAsync();
            ReadOnlySequence<byte> buffer = result.Buffer;
            if (_isStopping)
            {
                _input.AdvanceTo(buffer.End);
                return null;
            }
            if (buffer.PositionOf((byte)'\n') is { } end && buffer.Slice(0, end).Length <= MaxLine)
            {
                string line = Encoding.Latin1.GetString(buffer.Slice(0, end));
                _input.AdvanceTo(buffer.GetPosition(1, end));
                return line;
            }
            if (buffer.Length > MaxLine)
            {
                string start = Encoding.Latin1.GetString(buffer.Slice(0, MaxLine + 1));
                _input.AdvanceTo(buffer.End);
                return start;
            }
            _input.AdvanceTo(buffer.Start, buffer.End);
            if (result.IsCompleted)
                return null;
        }
    }
}
