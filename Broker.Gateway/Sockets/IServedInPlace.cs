namespace Broker.Gateway.Sockets;

/// <summary>A feature of a connection: what it brings is dealt with by the thread that serves many sockets.</summary>
internal interface IServedInPlace
{
    /// <summary>Has the thread pool deal with it from now on: it will be more than others should wait for.</summary>
    void LeaveToPool();
}
