namespace Broker.Orleans.Embedded;

internal enum MailboxState : byte
{
    /// <summary>Requests wait until it is open.</summary>
    Opening,

    /// <summary>Requests run.</summary>
    Open,

    /// <summary>Those that run end; the others wait for the successor.</summary>
    Closing,

    /// <summary>Requests go to the successor.</summary>
    Gone,
}
