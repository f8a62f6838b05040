namespace Broker.Orleans.Embedded;

/// <summary>A call that returns something.</summary>
internal abstract class ResultCall<TResult> : GrainCall
{
    private TaskCompletionSource<TResult>? _response;
    private ValueTask<TResult> _outcome;

    public override bool IsAnswered => _response is { Task.IsCompleted: true };

    /// <summary>Calls the method; generated for each.</summary>
    public abstract ValueTask<TResult> Invoke(object target);

    /// <summary>Runs a call that its mailbox has begun, on the caller's thread.</summary>
    public ValueTask<TResult> RunInline(Mailbox mailbox)
    {
        SynchronizationContext? caller = mailbox.Enter();
        ValueTask<TResult> outcome = Start(mailbox);
        if (outcome.IsCompleted)
        {
            Mailbox.Leave(caller);
            mailbox.EndInline(this);
            return Method.OneWay ? Ignore(outcome) : outcome;
        }
        ValueTask<TResult> answer = Expect();
        Await(outcome);
        Mailbox.Leave(caller);
        mailbox.EndTurn();
        return answer;
    }

    /// <summary>Sends the call to wait for its turn.</summary>
    public ValueTask<TResult> RunLater(Mailbox mailbox)
    {
        ValueTask<TResult> answer = Expect();
        Dispatch(mailbox);
        return answer;
    }

    public override void Run(Mailbox mailbox)
    {
        if (IsAnswered)
        {
            mailbox.EndRequest(this);
            return;
        }
        ValueTask<TResult> outcome = Start(mailbox);
        if (outcome.IsCompleted)
        {
            // In this order, so that the caller's next call does not find this one still running.
            mailbox.EndRequest(this);
            Answer(outcome);
        }
        else
        {
            Await(outcome);
        }
    }

    public override void Fail(Exception exception)
    {
        if (_response is { } response)
        {
            Method.Deadlines.Remove(this);
            if (Host.InlineTurns)
            {
                response.TrySetException(exception);
            }
            else
            {
                Host.Scheduler.Schedule(new ScheduledAction(() => response.TrySetException(exception)));
            }
        }
        else
        {
            Host.Log.OneWayCallFailed(exception, this);
        }
    }

    private ValueTask<TResult> Start(Mailbox mailbox)
    {
        try
        {
            return mailbox.Instance is { } instance ? Invoke(instance) : throw mailbox.Gone();
        }
        catch (Exception exception)
        {
            return ValueTask.FromException<TResult>(exception);
        }
    }

    private ValueTask<TResult> Expect()
    {
        if (Method.OneWay)
        {
            return default;
        }
        _response = new TaskCompletionSource<TResult>(Host.ResponseOptions);
        Method.Deadlines.Add(this);
        return new ValueTask<TResult>(_response.Task);
    }

    /// <summary>Must run on the mailbox's context, which the awaiter then brings the end back to.</summary>
    private void Await(ValueTask<TResult> outcome)
    {
        _outcome = outcome;
        outcome.GetAwaiter().UnsafeOnCompleted(End);
    }

    private void End()
    {
        ValueTask<TResult> outcome = _outcome;
        _outcome = default;
        Mailbox!.EndRequest(this);
        Answer(outcome);
    }

    private void Answer(ValueTask<TResult> outcome)
    {
        TResult result;
        try
        {
            result = outcome.GetAwaiter().GetResult();
        }
        catch (Exception exception)
        {
            Fail(exception);
            return;
        }
        if (_response is not { } response)
        {
            return;
        }
        Method.Deadlines.Remove(this);
        if (Host.InlineTurns)
        {
            response.TrySetResult(result);
        }
        else
        {
            Host.Scheduler.Schedule(new ScheduledAction(() => response.TrySetResult(result)));
        }
    }

    private ValueTask<TResult> Ignore(ValueTask<TResult> outcome)
    {
        Answer(outcome);
        return default;
    }
}
