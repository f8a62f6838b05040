using System.Buffers;
using System.IO.Pipelines;
using Broker.Gateway.Consuming;
using Broker.Gateway.Security;
using Broker.Gateway.Telemetry;
using Broker.Protocol;
using Broker.Serving.Limits;

namespace Broker.Gateway.Connections;

/// <summary>
/// Reads from a client until one side has enough. All commands that one read brought are parsed in place and started together; then
/// their outcomes are awaited in order, the replies are sent with one flush, and the next read begins.
/// </summary>
/// <remarks>
/// So publishes of one read meet in one append and FINs in one call, and a connection never has more under way than one read
/// brought. What must happen in order with what follows it (SUB) ends the batch.
/// </remarks>
internal sealed class ReadLoop
{
    private readonly NsqConnection _client;
    private readonly GatewayServices _services;
    private readonly ReadBatch _batch;
    private readonly CommandVerbs _verbs;
    private readonly CommandReader _reader;
    private readonly ReadLimits _limits;

    public ReadLoop(NsqConnection client, GatewayServices services)
    {
        _client = client;
        _services = services;
        _batch = new ReadBatch(services.Metrics);
        _verbs = new CommandVerbs(client, services, _batch);
        _reader = new CommandReader(_verbs, services);
        _limits = new ReadLimits(client, services);
    }

    /// <summary>Reads until the client goes, does something wrong, or the connection is closed.</summary>
    public async Task RunAsync()
    {
        ConnectionDeadlines deadlines = _client.Deadlines;
        long waitingSince = deadlines.Now;
        long missing = 1;
        long buffered = 0;
        while (true)
        {
            if (_limits.MustTake(buffered, missing))
                await _limits.TakeBytesAsync(buffered + missing, _reader.DeclaredMulti);
            if (_verbs.HasPublished && _limits.IsMemoryShort)
            {
                _verbs.HasPublished = false;
                await _limits.WaitForMemoryAsync();
            }
            PipeReader input = _client.Transport.Input;
            deadlines.BeginWait(waitingSince);
            // The pipe counts from what was examined: these are bytes to come, not bytes in all.
            ReadResult read = missing > 1 ? await input.ReadAtLeastAsync((int)missing) : await input.ReadAsync();
            deadlines.EndWait();
            // Closing is told before the read is cancelled, so that it is seen here whichever read the cancellation ends.
            if (_client.IsClosing)
                return;
            bool timedOut = read.IsCanceled && deadlines.HasTimedOut(waitingSince);
            ReadOnlySequence<byte> buffer = read.Buffer;
            bool isStart = _reader.Stage == ParseStage.Magic;
            ParseStep step = _reader.Read(ref buffer, out int commands);
            if (step == ParseStep.NeedData && (timedOut || read.IsCompleted))
                step = EndWithin(buffer.Length, timedOut);
            // What was parsed is copied; the transport may go on while the outcomes are awaited.
            _client.NoteReceived(read.Buffer.Length - buffer.Length);
            missing = step == ParseStep.NeedData ? _reader.MissingBytes(buffer.Length) : 1;
            buffered = buffer.Length;
            // The magic has the deadline of the first command.
            bool isWithin = step == ParseStep.NeedData && _reader.Stage != ParseStage.Magic && (buffer.Length > 0 || _reader.Stage != ParseStage.Line);
            input.AdvanceTo(buffer.Start, step == ParseStep.NeedData ? buffer.End : buffer.Start);

            _batch.Start(_client.Subscription);
            ProtocolError? error = await _batch.SettleAsync();
            bool goOn = error is null ? await TakeStepAsync(step) : Refuse(error);
            if (!_batch.Replies.IsEmpty)
                await _client.Output.SendAsync(ref _batch.Replies);
            if (!goOn || _client.IsClosing)
                return;
            if (_limits.HasBytes && commands > 0)
                _limits.ReturnBytes();
            await _limits.PauseAfterAsync(commands);
            // A command that has begun has to end within the deadline of its first byte's wait.
            if (commands > 0 || isStart)
            {
                waitingSince = deadlines.Now;
                if (commands > 0)
                    deadlines.NoteCommand();
            }
            deadlines.SetCommandDue(isWithin, commands > 0 ? waitingSince : null);
        }
    }

    /// <summary>Lets go of what reading took.</summary>
    public void End()
    {
        _batch.Replies.Clear();
        _limits.ReturnBytes();
    }

    /// <summary>Nothing more comes, or not in time.</summary>
    private ParseStep EndWithin(long available, bool timedOut)
    {
        if (timedOut && _client.Deadlines.Slowness is { } reason)
            _services.Refusals.Add(reason, _client.RemoteEndPoint);
        return _reader.Stage is ParseStage.Magic or ParseStage.Line ? ParseStep.Close : _verbs.FailWith(_reader.Truncated(available));
    }

    /// <summary>Does what ended the parsing of a read, after everything before it.</summary>
    /// <returns>False when it ends the connection.</returns>
    private async ValueTask<bool> TakeStepAsync(ParseStep step)
    {
        switch (step)
        {
            case ParseStep.CreateTopic:
                await _verbs.Publisher!.CreateTopicAsync();
                return true;
            case ParseStep.Upgrade:
                return await UpgradeAsync(_verbs.Agreed!);
            case ParseStep.Authenticate:
                return await AuthenticateAsync();
            case ParseStep.Reauthenticate:
                return await _client.Guard!.RefreshAsync(_client.Ending) is not { } failure || RefuseAccess(failure);
            case ParseStep.Subscribe:
                return await SubscribeAsync();
            case ParseStep.Fail:
                // A malformed MPUB leaves a topic behind, as in nsqd.
                if (_reader.Stage == ParseStage.MultiBody)
                    await _verbs.Publisher!.CreateTopicAsync();
                return Refuse(_verbs.Error!);
            default:
                return step != ParseStep.Close;
        }
    }

    private async ValueTask<bool> SubscribeAsync()
    {
        ProtocolError? error = await CheckSubscribeAsync();
        if (error is not null)
            return RefuseAccess(error);
        (Subscription? subscription, error) = await Subscription.MakeAsync(_client, _services.Links, _client.Topic, _client.Channel);
        if (error is not null)
            return Refuse(error);
        _client.Take(subscription!);
        _batch.Replies.AddFrame(Frame.Ok);
        return true;
    }

    private async ValueTask<ProtocolError?> CheckSubscribeAsync()
    {
        if (_client.Guard is not { } guard)
            return null;
        ProtocolError? error = guard.IsStale ? await guard.RefreshAsync(_client.Ending) : null;
        return error ?? guard.CheckSubscribe(_client.Topic, _client.Channel);
    }

    private async ValueTask<bool> AuthenticateAsync()
    {
        UpgradedTransport? upgraded = _client.Transport.Upgraded;
        Credentials credentials = new(_verbs.TakeSecret(), _client.RemoteAddress, upgraded?.Tls is not null, upgraded?.CommonName ?? "");
        (byte[]? reply, ProtocolError? error) = await _client.Guard!.AuthenticateAsync(credentials, _client.Ending);
        if (error is not null)
            return RefuseAccess(error);
        _batch.Replies.AddResponse(reply);
        return true;
    }

    /// <summary>Answers IDENTIFY in the clear, and puts on what it has agreed on.</summary>
    private async ValueTask<bool> UpgradeAsync(IdentifyReply agreed)
    {
        ConnectionOutput output = _client.Output;
        await output.SendAsync(ref _batch.Replies);
        if (!await output.HoldAsync())
            return false;
        Exception? failure;
        try
        {
            failure = await _client.Transport.UpgradeAsync(agreed);
        }
        finally
        {
            output.Resume(_client.Transport.Output);
        }
        if (failure is null)
            return true;
        _services.Refusals.Add(RefusalReason.HandshakeFailed, _client.RemoteEndPoint);
        _services.Logger.UpgradeFailed(failure, _client.RemoteEndPoint);
        return Refuse(ProtocolError.UpgradeFailed(failure is OperationCanceledException ? "handshake timed out" : "handshake failed"));
    }

    private bool RefuseAccess(ProtocolError error)
    {
        _services.Refusals.Add(RefusalReason.NotAuthorized, _client.RemoteEndPoint);
        return Refuse(error);
    }

    private bool Refuse(ProtocolError error)
    {
        _services.Metrics.Count(error);
        _services.Logger.Refused(_client.RemoteEndPoint, error);
        _batch.Replies.AddError(error);
        return false;
    }
}
