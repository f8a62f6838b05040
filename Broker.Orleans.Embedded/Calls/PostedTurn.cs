namespace Broker.Orleans.Embedded;

/// <summary>The rest of a method after an await.</summary>
internal sealed class PostedTurn(SendOrPostCallback callback, object? state) : Turn
{
    public override void Run(Mailbox mailbox)
    {
        try
        {
            callback(state);
        }
        catch (Exception exception)
        {
            // Only an async void method can throw here. It has no caller to tell, and must not end the process.
            mailbox.Host.Log.ContinuationFailed(exception, mailbox);
        }
    }
}
