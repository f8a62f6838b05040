using Microsoft.Extensions.Logging;

namespace Broker.Orleans.Embedded;

/// <summary>What the host tells its operator.</summary>
internal sealed partial class HostLog(ILogger logger)
{
    [LoggerMessage(5000, LogLevel.Error, "Grain {Grain} could not be activated; its callers were told, and the next call tries again.")]
    public partial void ActivationFailed(Exception exception, Mailbox grain);

    [LoggerMessage(5001, LogLevel.Error, "Grain {Grain} could not be deactivated in order; it is gone all the same, and the next call activates it anew.")]
    public partial void DeactivationFailed(Exception exception, Mailbox grain);

    [LoggerMessage(5002, LogLevel.Warning, "A timer of grain {Grain} failed; it goes on.")]
    public partial void TimerFailed(Exception exception, Mailbox grain);

    [LoggerMessage(5003, LogLevel.Error, "Code of {Grain} that nobody waits for failed; report this with the lines below.")]
    public partial void ContinuationFailed(Exception exception, Mailbox grain);

    [LoggerMessage(5004, LogLevel.Warning, "The one way call {Call} failed; its caller is not told.")]
    public partial void OneWayCallFailed(Exception exception, GrainCall call);

    [LoggerMessage(5005, LogLevel.Error, "Stream {Stream}: a subscriber failed; it goes on with the next item.")]
    public partial void SubscriberFailed(Exception exception, string stream);
}
